//! What people and their devices are called.

use device_core::DeviceKind;
use device_core::limits::NAME_CHARS_MAX;

use super::random::Random;
use super::shape::{DEVICE_NAME, DeviceNaming, LANGUAGE, Language};

/// A user's name.
#[derive(Debug)]
pub(super) struct Person {
    language: Language,
    given: &'static str,
    family: &'static str,
}

const PLAIN: Names = Names {
    given: &["Alice", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry", "Maria", "Tom"],
    family: &["Jensen", "Carter", "Smith", "Miller", "Garcia", "Rossi", "O'Brien", "Van Dyke"],
};
const ACCENTS: Names = Names {
    given: &[
        "José",
        "Zoë",
        "Łukasz",
        "François",
        "Jürgen",
        "Åsa",
        "Chloé",
        "Siân",
        "Tomáš",
        "Þóra",
    ],
    family: &["Müller", "Núñez", "Söderström", "Lefèvre", "Kovács", "Çelik", "Dvořák", "Groß"],
};
const JAPANESE: Names = Names {
    given: &["陽翔", "結衣", "さくら", "健太", "ユイ", "翔太", "美咲", "大輔"],
    family: &["田中", "佐藤", "鈴木", "高橋", "渡辺", "山本"],
};
const ARABIC: Names = Names {
    given: &["محمد", "فاطمة", "يوسف", "ليلى", "عمر", "مريم", "خالد", "نور"],
    family: &["الحسن", "حداد", "منصور", "ناصر", "الخطيب", "سليمان"],
};
const CYRILLIC: Names = Names {
    given: &["Иван", "Ольга", "Дмитрий", "Анна", "Сергей", "Оксана", "Юрий", "Ірина"],
    family: &["Петров", "Смирнова", "Кузнецов", "Шевченко", "Иванова", "Соколов"],
};

struct Names {
    given: &'static [&'static str],
    family: &'static [&'static str],
}

const MODELS: [&str; 12] = [
    "iPhone 15",
    "iPhone SE",
    "Pixel 8 Pro",
    "Galaxy S24 Ultra",
    "Xperia 1 VI",
    "YubiKey 5C NFC",
    "MacBook Touch ID",
    "Windows Hello",
    "Work Laptop",
    "iPad Air",
    "Fairphone 5",
    "Security Key",
];

impl Person {
    pub(super) fn draw(random: &mut Random) -> Self {
        let language = LANGUAGE.draw(random);
        let names = match language {
            Language::Plain => PLAIN,
            Language::Accents => ACCENTS,
            Language::Japanese => JAPANESE,
            Language::Arabic => ARABIC,
            Language::Cyrillic => CYRILLIC,
        };
        Self { language, given: random.pick(names.given), family: random.pick(names.family) }
    }

    /// A login name. No other user's: the names have no digits, and the number is the user's own.
    pub(super) fn username(&self, number: u64, random: &mut Random) -> String {
        let Self { given, family, .. } = self;
        if random.one_in(50) {
            format!("{given}.\"{family}\".{number}")
        } else {
            format!("{given}.{family}.{number}")
        }
    }

    /// The name of a device of this person.
    pub(super) fn device_name(&self, kind: DeviceKind, random: &mut Random) -> String {
        let given = self.given;
        let model = random.pick(&MODELS);
        match DEVICE_NAME.draw(random) {
            DeviceNaming::Default => kind.row().default_name.to_owned(),
            DeviceNaming::Model => model.to_owned(),
            DeviceNaming::Owner => match self.language {
                Language::Plain | Language::Accents => format!("{given}'s {model}"),
                Language::Japanese => format!("{given}の{model}"),
                Language::Arabic => format!("هاتف {given} {model}"),
                Language::Cyrillic => format!("{model}, {given}"),
            },
            DeviceNaming::Quoted => format!("\"{model}\" of <{given}> & family \\ home"),
            DeviceNaming::Long => self.long_name(model, random),
        }
    }

    fn long_name(&self, model: &str, random: &mut Random) -> String {
        /// Beyond what any model with its owner's name has.
        const CHARS_MIN: u64 = 64;
        let chars = random.between(CHARS_MIN, NAME_CHARS_MAX as u64 + 1);
        let Self { given, family, .. } = self;
        let part = format!("{model} ({given} {family}) / ");
        part.chars().cycle().take(usize::try_from(chars).unwrap_or(NAME_CHARS_MAX)).collect()
    }
}
