//! Being asked to end: by Ctrl-C, by who ends the program (SIGTERM), or by a terminal that closes (SIGHUP).
//!
//! The first time, what is in work is finished; the second time, the program ends at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::tell;

/// A terminal that closes hangs up twice, once for its shell and once for itself: that is one request.
#[cfg_attr(not(unix), allow(dead_code, reason = "nothing hangs up there"))]
const ONE_HANGUP: Duration = Duration::from_secs(2);

/// How the program is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there Ctrl-C stands for all"))]
enum Request {
    Interrupt,
    Terminate,
    Hangup,
}

impl Request {
    /// The exit code of a program that this ends at once: 128 and the number of the signal, as shells have it.
    fn code(self) -> i32 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// What to do to end the program at once.
    fn again(self) -> &'static str {
        match self {
            Self::Interrupt => "press Ctrl-C again",
            Self::Terminate | Self::Hangup => "send the signal again",
        }
    }
}

/// What is done when the program is asked to end.
struct Plan {
    /// What is in work, in the plural.
    work: &'static str,
    finish: Box<dyn Fn() + Send>,
    abandon: Box<dyn Fn(i32) + Send>,
    /// The first request, and when it came.
    first: Option<(Request, Instant)>,
}

impl Plan {
    fn ask(&mut self, request: Request) {
        match self.first {
            None => {
                self.first = Some((request, Instant::now()));
                (self.finish)();
                tell(format_args!(
                    "\nfinishing the {}; {} to stop at once",
                    self.work,
                    request.again()
                ));
            }
            Some((Request::Hangup, at)) if request == Request::Hangup && at.elapsed() < ONE_HANGUP => {}
            Some(_) => (self.abandon)(request.code()),
        }
    }
}

/// The requests to end from the beginning of the program on. Until there is a plan they end it as they end any other.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<Mutex<Option<Plan>>>);

impl Requests {
    /// From now on `finish` is called at the first request, which lets the `work` come to its end, and `abandon` with the
    /// exit code at the next, which ends the program.
    pub(super) fn plan(
        &self,
        work: &'static str,
        finish: impl Fn() + Send + 'static,
        abandon: impl Fn(i32) + Send + 'static,
    ) {
        let plan = Plan {
            work,
            finish: Box::new(finish),
            abandon: Box::new(abandon),
            first: None,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
        system::planned(self);
    }

    /// Whether there is a plan, which then was followed.
    fn ask(&self, request: Request) -> bool {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.as_mut().map(|plan| plan.ask(request)).is_some()
    }
}

pub(super) use system::listen;

/// Signals are kept from all threads, and one thread waits for them: so no code runs inside another, and it is known which
/// signal came.
#[cfg(unix)]
mod system {
    use std::thread;

    use nix::sys::signal::{SigSet, Signal, raise};

    use super::{Request, Requests};

    /// Begins to listen. To be called before any other thread is started, as those would get the signals too.
    pub(crate) fn listen() -> Requests {
        let requests = Requests::default();
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        if !is_ignored(Signal::SIGHUP) {
            signals.add(Signal::SIGHUP);
        }
        if signals.thread_block().is_ok() {
            let asked = requests.clone();
            let thread = thread::Builder::new().name("signals".to_owned());
            // Where no thread is to be had, signals end the program at once, as they do everywhere.
            if thread.spawn(move || follow(signals, &asked)).is_err() {
                let _ = signals.thread_unblock();
            }
        }
        requests
    }

    /// Nothing is left to do: the signals are listened to from the beginning.
    pub(super) fn planned(_: &Requests) {}

    fn follow(signals: SigSet, requests: &Requests) {
        while let Ok(signal) = signals.wait() {
            let request = match signal {
                Signal::SIGHUP => Request::Hangup,
                Signal::SIGTERM => Request::Terminate,
                _ => Request::Interrupt,
            };
            if !requests.ask(request) {
                // As if nobody listened, so that a shell is told which signal it was.
                let _ = SigSet::from(signal).thread_unblock();
                let _ = raise(signal);
                std::process::exit(request.code());
            }
        }
    }

    /// Whether the program was started with this signal ignored, as `nohup` does. Linux hands ignored signals to who waits
    /// for them, so that it has to be asked; elsewhere they never come.
    fn is_ignored(signal: Signal) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & (1 << (signal as i32 - 1)) != 0)
    }
}

/// Ctrl-C, Ctrl-Break, and the end of the window or session.
#[cfg(not(unix))]
mod system {
    use super::{Request, Requests};

    /// Until there is a plan the system ends the program.
    pub(crate) fn listen() -> Requests {
        Requests::default()
    }

    pub(super) fn planned(requests: &Requests) {
        let requests = requests.clone();
        // Where there is no handler to be had, Ctrl-C ends the program at once, as it does everywhere.
        let _ = ctrlc::set_handler(move || {
            requests.ask(Request::Interrupt);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// What a plan does at these requests: 0 for finishing, else the exit code.
    fn answers(asked: &[Request]) -> Vec<i32> {
        let (sender, receiver) = mpsc::channel();
        let (finish, abandon) = (sender.clone(), sender);
        let requests = Requests(Arc::new(Mutex::new(Some(Plan {
            work: "work",
            finish: Box::new(move || finish.send(0).expect("received")),
            abandon: Box::new(move |code| abandon.send(code).expect("received")),
            first: None,
        }))));
        for request in asked {
            assert!(requests.ask(*request));
        }
        drop(requests);
        receiver.iter().collect()
    }

    #[test]
    fn the_second_request_ends_the_program_whatever_the_first_was() {
        use Request::{Hangup, Interrupt, Terminate};
        assert_eq!(answers(&[Interrupt, Interrupt]), [0, 130]);
        assert_eq!(answers(&[Hangup, Terminate]), [0, 143]);
        assert_eq!(answers(&[Terminate, Hangup]), [0, 129]);
        assert_eq!(answers(&[Hangup, Hangup]), [0], "a terminal hangs up twice");
        assert!(!Requests::default().ask(Interrupt));
    }
}
