//! The driver's chance to do something between two operations.

use parking_lot::Mutex;

/// Gets the operation and the name of the file.
pub(super) type Hook = Box<dyn FnMut(&str, &str) + Send>;

/// A place for a hook that never runs inside itself.
#[derive(Default)]
pub(super) struct HookPlace {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    hook: Option<Hook>,
    running: bool,
    /// It was set or removed while it ran, so that it must not be put back.
    changed: bool,
}

impl HookPlace {
    /// Sets or removes the hook.
    pub(super) fn set(&self, hook: Option<Hook>) {
        let mut inner = self.inner.lock();
        let old = std::mem::replace(&mut inner.hook, hook);
        inner.changed = inner.running;
        // It may own a store with handles of this disk.
        drop(inner);
        drop(old);
    }

    /// Whether there is a hook that would run now.
    pub(super) fn is_ready(&self) -> bool {
        let inner = self.inner.lock();
        inner.hook.is_some() && !inner.running
    }

    /// Runs the hook, without a lock.
    pub(super) fn run(&self, operation: &str, name: &str) {
        let mut inner = self.inner.lock();
        if inner.running {
            return;
        }
        let Some(mut hook) = inner.hook.take() else { return };
        inner.running = true;
        drop(inner);

        hook(operation, name);

        let mut inner = self.inner.lock();
        inner.running = false;
        if !std::mem::take(&mut inner.changed) {
            inner.hook = Some(hook);
        }
    }
}
