//! What is tried again, and how long to wait before that: one policy for all that goes over the network.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Whether an answer of this status may be another one a little later: the server's own failures, and those that say so.
pub(crate) fn is_transient(http_status: u16) -> bool {
    matches!(http_status, 408 | 425 | 429 | 500..=599)
}

/// Exponential backoff with full jitter: a random time between nothing and a bound that doubles from attempt to attempt.
/// Clients that failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// The bound before the second attempt.
    pub(crate) base: Duration,
    /// The bound that is never exceeded.
    pub(crate) cap: Duration,
}

impl Backoff {
    /// The wait after `failed` attempts, 1 or more.
    pub(crate) fn wait(self, failed: u32) -> Duration {
        self.bound(failed).mul_f64(random())
    }

    fn bound(self, failed: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failed.saturating_sub(1).min(20));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

/// A random number from 0 to 1. The standard library's hash keys are all the randomness that waiting needs.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    // 53 bits are exact.
    bits as f64 / (1u64 << 53) as f64
}

/// No wait is taken for longer: nobody waits for this long, and clocks cannot count as far as a header can.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The time that `Retry-After` asks to wait; `None` without one, and for one that is neither seconds nor a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    wait(value, now)
}

/// Seconds, or a date in one of the three forms of HTTP (RFC 9110, 5.6.7).
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // What has too many digits for a number is longer than anybody waits.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)).min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_are_spread() {
        let backoff = Backoff {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(3),
        };
        let bounds: Vec<_> = (1..8).map(|n| backoff.bound(n).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1600, 3000, 3000]);
        assert_eq!(backoff.bound(u32::MAX), backoff.cap);
        let waits: Vec<_> = (0..1000).map(|_| backoff.wait(4)).collect();
        assert!(waits.iter().all(|w| *w <= Duration::from_millis(800)));
        let mean = waits.iter().sum::<Duration>() / 1000;
        assert!((300..500).contains(&mean.as_millis()), "{mean:?}");
    }

    #[test]
    fn statuses_that_may_pass_are_told_from_those_that_do_not() {
        for passing in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(is_transient(passing), "{passing}");
        }
        for lasting in [200, 301, 400, 401, 403, 404, 410, 416] {
            assert!(!is_transient(lasting), "{lasting}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(wait("120", now), Some(Duration::from_secs(120)));
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(wait(date, now), Some(Duration::from_secs(7)), "{date}");
        }
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO),
            "the past"
        );
        assert_eq!(wait("soon", now), None);
        assert_eq!(wait("99999999999999999999999", now), Some(LONGEST));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT", now), Some(LONGEST));
    }
}
