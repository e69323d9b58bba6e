//! A process dies inside a call: whether the call was done is seen in what it left, and what was done is durable as soon as the next process syncs it.

use std::fs;
use std::path::{Path, PathBuf};

use power_loss::{Crash, Recording, Rng};

/// A string as strace writes it.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// A recording of two processes: the first one dies in writing `bytes` and in giving the file another name, and leaves `left`; the next one syncs the folder and the file.
fn recording(name: &str, left: (&str, &str)) -> (Recording, PathBuf) {
    let trace = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = fs::remove_dir_all(&trace);
    fs::create_dir_all(trace.join("run-0.left")).expect("the folder can be made");
    let trace = trace.canonicalize().expect("the folder is there");
    let path = |name: &str| hex(&format!("{}/folder/{name}", trace.display()));
    let died = format!(
        "1 openat(AT_FDCWD, \"{old}\", O_RDWR|O_CREAT, 0600) = 3\n\
         1 openat(AT_FDCWD, \"{folder}\", O_RDONLY) = 4\n\
         1 fsync(4) = 0\n\
         2 rename(\"{old}\", \"{new}\" <unfinished ...>\n\
         1 pwrite64(3, \"{bytes}\", 3, 0 <unfinished ...>) = ?\n\
         2 <... rename resumed>) = ?\n",
        old = path("old"),
        new = path("new"),
        folder = path(""),
        bytes = hex("one"),
    );
    let next = format!(
        "3 openat(AT_FDCWD, \"{}\", O_RDWR) = 3\n3 fdatasync(3) = 0\n\
         3 openat(AT_FDCWD, \"{}\", O_RDONLY) = 4\n3 fsync(4) = 0\n",
        path(left.0),
        path("")
    );
    fs::write(trace.join("run-0.strace"), died).expect("the trace can be written");
    fs::write(trace.join("run-1.strace"), next).expect("the trace can be written");
    fs::write(trace.join("run-0.left").join(left.0), left.1).expect("the rest can be written");
    (Recording::load(&trace).expect("the recording can be read"), trace)
}

#[test]
fn what_it_left_says_which_of_its_last_calls_were_done_and_the_next_process_makes_that_durable() {
    for (name, bytes) in [("new", "one"), ("new", "on"), ("old", "one"), ("old", "")] {
        let (recording, trace) = recording(&format!("{name}-{bytes}"), (name, bytes));
        for seed in 0..100 {
            let image = trace.join(format!("image-{seed}"));
            let crash = Crash::at(&recording, recording.moments(), &mut Rng::new(seed));
            crash.write_to(&image).expect("the image can be written");
            let names: Vec<_> = fs::read_dir(&image)
                .expect("the image is there")
                .map(|entry| entry.expect("it can be read").file_name())
                .collect();
            assert_eq!(names, [name]);
            assert_eq!(fs::read_to_string(image.join(name)).expect("it is text"), bytes);
        }
    }
}
