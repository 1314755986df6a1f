//! How long to wait before the next attempt.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Exponential backoff with full jitter: a random time between nothing and a bound that doubles from attempt to attempt.
/// Clients that failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// The bound before the second attempt.
    pub(super) base: Duration,
    /// The bound that is never exceeded.
    pub(super) cap: Duration,
}

impl Backoff {
    /// The wait after `failed` attempts, 1 or more.
    pub(super) fn wait(self, failed: u32) -> Duration {
        self.bound(failed).mul_f64(random())
    }

    fn bound(self, failed: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failed.saturating_sub(1).min(20));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

/// A random number from 0 to 1. The standard library's hash keys are all the randomness that waiting needs.
pub(super) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    // 53 bits are exact.
    bits as f64 / (1u64 << 53) as f64
}

/// No wait is taken for longer: nobody waits for this long, and clocks cannot count as far as a header can.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The time that `Retry-After` asks to wait: seconds, or a date. `None` if it is neither.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)).min(LONGEST));
    }
    let date = UNIX_EPOCH + Duration::from_secs(http_date(value)?);
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// The time to wait until the moment of `X-RATELIMIT-RESET`, whose unit no page names: a number this large can only be
/// milliseconds or seconds since 1970, a small one only the seconds that are left.
pub(super) fn rate_reset(value: &str, now: SystemTime) -> Option<Duration> {
    let number: u64 = value.trim().parse().ok()?;
    let since_1970 = match number {
        0..1_000_000_000 => return Some(Duration::from_secs(number)),
        1_000_000_000..100_000_000_000 => Duration::from_secs(number),
        _ => Duration::from_millis(number),
    };
    let moment = UNIX_EPOCH.checked_add(since_1970)?;
    Some(moment.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// Seconds since 1970 of an HTTP date in the form that RFC 9110 wants sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = text.split_once(", ")?;
    let parts: Vec<&str> = date.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second, "GMT"] = parts[..] else {
        return None;
    };
    let number = |text: &str, range: std::ops::RangeInclusive<u64>| -> Option<u64> {
        text.parse().ok().filter(|number| range.contains(number))
    };
    let month = MONTHS.iter().position(|m| *m == month)? as u64 + 1;
    let (year, day) = (number(year, 1970..=9999)?, number(day, 1..=31)?);
    let seconds = number(hour, 0..=23)? * 3600 + number(minute, 0..=59)? * 60 + number(second, 0..=60)?;
    // Years begin in March here, so that the leap day comes last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;
    // The days from the March of the year 0 to the first of January 1970.
    (days.checked_sub(719_468)? * 86_400).checked_add(seconds)
}

#[cfg(test)]
mod tests {
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
    fn http_dates_are_read() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200)),
            ("Tue, 24 Nov 2026 04:56:32 GMT", Some(1_795_496_192)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Non 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("", None),
        ] {
            assert_eq!(http_date(text), seconds, "{text}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO),
            "the past"
        );
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("99999999999999999999999", now), Some(LONGEST));
        assert_eq!(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), Some(LONGEST));
    }

    #[test]
    fn a_reset_is_read_in_each_unit() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(rate_reset("30", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1800000030", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1800000030000", now), Some(Duration::from_secs(30)));
        assert_eq!(rate_reset("1700000000", now), Some(Duration::ZERO));
        assert_eq!(rate_reset("-1", now), None);
    }
}
