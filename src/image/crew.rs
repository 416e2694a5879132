//! The cores at work on the layers. Reading a layer is one strand: its blob comes out of one decoder, in order. What is in
//! its files can be looked at by anybody, so readers hand that out in pieces, and whoever has nothing to read looks at
//! them. A layer that is far bigger than the others therefore keeps every core busy.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Work on a piece of content.
pub(super) type Task<'env> = Box<dyn FnOnce(&Crew<'env>) + Send + 'env>;

/// Readers and the pieces they hand out, within a bound on the bytes that wait or are worked on.
pub(super) struct Crew<'env> {
    state: Mutex<State<'env>>,
    /// A task came or ended, or a layer did.
    changed: Condvar,
    /// Bytes of the pieces that wait or are worked on, at most; a single piece may be larger.
    budget: usize,
}

struct State<'env> {
    tasks: VecDeque<(usize, Task<'env>)>,
    /// Bytes of tasks that wait or are worked on.
    bytes: usize,
    /// Layers not read to their end.
    unread: usize,
}

impl<'env> Crew<'env> {
    /// A crew for so many layers.
    pub(super) fn new(layers: usize, budget: usize) -> Self {
        let state = State { tasks: VecDeque::new(), bytes: 0, unread: layers };
        Self { state: Mutex::new(state), changed: Condvar::new(), budget }
    }

    /// What every core does: tasks first, since they hold memory; else the next layer; until there is neither.
    pub(super) fn work<L>(&self, next: impl Fn() -> Option<L>, read: impl Fn(L)) {
        loop {
            if self.help() {
                continue;
            }
            if let Some(layer) = next() {
                let _done = Done { crew: self, bytes: 0, layers: 1 };
                read(layer);
                continue;
            }
            let state = self.lock();
            if !state.tasks.is_empty() {
                continue;
            }
            if state.unread == 0 {
                return;
            }
            drop(self.changed.wait(state));
        }
    }

    /// Hands out a task on so many bytes. While too many are handed out, the caller works off some of them.
    pub(super) fn submit(&self, bytes: usize, task: Task<'env>) {
        loop {
            let mut state = self.lock();
            if state.bytes == 0 || state.bytes.saturating_add(bytes) <= self.budget {
                state.bytes = state.bytes.saturating_add(bytes);
                state.tasks.push_back((bytes, task));
                drop(state);
                self.changed.notify_all();
                return;
            }
            if state.tasks.is_empty() {
                drop(self.changed.wait(state));
            } else {
                drop(state);
                self.help();
            }
        }
    }

    /// Works off tasks until `is_done`, which tasks bring about.
    pub(super) fn help_until(&self, is_done: impl Fn() -> bool) {
        while !is_done() {
            if self.help() {
                continue;
            }
            let state = self.lock();
            if state.tasks.is_empty() && !is_done() {
                drop(self.changed.wait(state));
            }
        }
    }

    /// Tells those who wait for something that a task has brought it about.
    pub(super) fn notify(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Does a task, when there is one.
    fn help(&self) -> bool {
        let Some((bytes, task)) = self.lock().tasks.pop_front() else { return false };
        let _done = Done { crew: self, bytes, layers: 0 };
        task(self);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State<'env>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the others that something is done, even where it ended in a panic: nobody may wait for it.
struct Done<'c, 'env> {
    crew: &'c Crew<'env>,
    bytes: usize,
    layers: usize,
}

impl Drop for Done<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.crew.lock();
        state.bytes = state.bytes.saturating_sub(self.bytes);
        state.unread = state.unread.saturating_sub(self.layers);
        drop(state);
        self.crew.changed.notify_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_task_is_done_on_any_number_of_cores() {
        for cores in [1, 2, 5] {
            let layers = Mutex::new((0..7).collect::<Vec<usize>>());
            let (done, held, most) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
            let crew = Crew::new(7, 100);
            let read = |_| {
                let mine = std::sync::Arc::new(AtomicUsize::new(0));
                for _ in 0..50 {
                    let mine = mine.clone();
                    let (done, held, most) = (&done, &held, &most);
                    let task = move |_: &Crew<'_>| {
                        most.fetch_max(held.fetch_add(30, Ordering::SeqCst) + 30, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(30, Ordering::SeqCst);
                        mine.fetch_add(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    };
                    crew.submit(30, Box::new(task));
                }
                crew.help_until(|| mine.load(Ordering::SeqCst) == 50);
            };
            std::thread::scope(|scope| {
                for _ in 0..cores {
                    scope.spawn(|| crew.work(|| layers.lock().unwrap().pop(), read));
                }
            });
            assert_eq!(done.load(Ordering::SeqCst), 350);
            assert!(most.load(Ordering::SeqCst) <= 100);
        }
    }

    #[test]
    fn one_layer_keeps_two_cores_busy() {
        // Each of two tasks waits for the other: on one core this would never end.
        let ((to_b, at_b), (to_a, at_a)) = (mpsc::channel(), mpsc::channel());
        let handed = Mutex::new(vec![(to_b, at_a), (to_a, at_b)]);
        let (layer, done) = (Mutex::new(Some(())), AtomicUsize::new(0));
        let crew = Crew::new(1, 1000);
        let read = |()| {
            for (send, receive) in handed.lock().unwrap().drain(..) {
                let done = &done;
                let task = move |_: &Crew<'_>| {
                    send.send(()).unwrap();
                    receive.recv().unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                };
                crew.submit(1, Box::new(task));
            }
            crew.help_until(|| done.load(Ordering::SeqCst) == 2);
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| crew.work(|| layer.lock().unwrap().take(), read));
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_panic_leaves_nobody_waiting() {
        let crew = Crew::new(1, 10);
        let layer = Mutex::new(Some(()));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            crew.work(|| layer.lock().unwrap().take(), |()| panic!("a broken reader"));
        }));
        assert!(result.is_err());
        crew.work(|| None::<()>, |()| {});
    }
}
