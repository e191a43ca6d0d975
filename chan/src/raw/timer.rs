//! A channel that the clock sends to: nobody has to be there to do it.
//!
//! A timer is a channel of capacity 1 without senders, whose state says when its next value is due ([`Timer::when`]).
//! Values come into being when somebody asks for one: every operation of such a channel looks at the clock under the lock.
//! So a timer costs nothing until it is asked, and what was stopped or set anew cannot have left a value behind
//! (timer.no-stale-value).
//!
//! * **Who is blocked** sleeps until the value is due, or until its own deadline if that is earlier, and then delivers
//!   the value that is due by then ([`Settling::deliver`]): to the oldest of those who are blocked, which may be itself.
//!   If that was another, it goes on sleeping, in its place in the queue.
//! * **Who does not block** delivers to those who are blocked first, too, because their turn is before its own.
//! * **Who sets the timer** to an earlier instant completes all who are blocked with [`Outcome::Retry`]: they start over,
//!   and find the new one. If it is later, or if the timer is stopped, they find out when they wake up.
//!
//! # Invariants, whenever the lock is free
//!
//! 1. Who is blocked, and not claimed, sleeps until [`Timer::when`] or an earlier instant.
//! 2. The ring is empty: a value that comes back from a task's receive is [taken back](Settling::take_back) by the timer, if it is the
//!    one that was fired last, and the timer was not set since. Any other one is over: a stopped timer has none, and a ticker's
//!    receiver that is late misses it. A permit ([`permit`](super::permit)) is one of `set_aside.items`, and worth the value that was
//!    fired last: nobody remembers which of several permits is for which, and it must not be worth a value from before the
//!    timer was set. Of the permits that are out when the timer is set as many are `stale` if they are given back.
//! 3. The signs say `TIMER` and `SEND`, and do not change until the last receiver has gone.
//!
//! # Ordering
//!
//! What sets a timer takes the lock before the value that is due then is fired under it: so setting it happens before the
//! receive of its value (timer.arm-before-fire).

use std::time::Duration;

use gosync_atomic::__sys::now;

use super::*;

/// What a timer's channel has beside its queues.
pub(super) struct Timer<T> {
    /// When the next value is due.
    when: Option<Instant>,
    /// Of a ticker.
    period: Option<Duration>,
    pace: Pace,
    /// When the last value was due that was fired.
    last: Instant,
    /// There is one more of that, from a permit that was given back, or a value.
    returned: bool,
    /// So many permits are from before the timer was set.
    stale: usize,
    /// A timer's channel carries instants; only who made it knows that.
    value: fn(Instant) -> T,
    /// And the other way round.
    #[cfg_attr(not(feature = "async"), allow(dead_code, reason = "only futures give values back"))]
    instant: fn(&T) -> Instant,
    /// A value was fired since the timer was set.
    has_fired: bool,
}

/// When a ticker's next value is due, after one that nobody was blocked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At the next multiple of the period.
    Grid,
    /// A period after it was received.
    Receiver,
}

/// What a timer is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// When the first value is due; `None` is never.
    pub(crate) when: Option<Instant>,
    /// `None`: there is only one.
    pub(crate) period: Option<Duration>,
}

/// The earlier of two deadlines; `None` is never.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// When the value after the one of `when` is due.
fn after(when: Instant, period: Duration, pace: Pace) -> Option<Instant> {
    let now = now().max(when);
    let beyond = match pace {
        Pace::Grid => now.duration_since(when).as_nanos().checked_rem(period.as_nanos()).unwrap_or(0),
        Pace::Receiver => 0,
    };
    let second = Duration::from_secs(1).as_nanos();
    // Less than the period, whose seconds are a `u64`.
    let beyond = Duration::new((beyond / second) as u64, (beyond % second) as u32);
    now.checked_add(period - beyond)
}

impl<T> Timer<T> {
    fn is_ready(&self) -> bool {
        self.returned || has_passed(self.when)
    }

    /// The value that is ready.
    fn fire(&mut self, pace: Pace) -> T {
        match self.when {
            _ if self.returned => self.returned = false,
            Some(when) => {
                self.last = when;
                self.has_fired = true;
                self.when = self.period.and_then(|period| after(when, period, pace));
            }
            None => {}
        }
        (self.value)(self.last)
    }
}

impl<T> State<T> {
    /// When a timer's next value is due; `None` is never, and of a channel that is not a timer's.
    #[inline(always)]
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.timer.as_ref().and_then(|timer| timer.when)
    }

    /// Whether the clock has a value for who asks.
    pub(super) fn is_due(&self) -> bool {
        self.timer.as_ref().is_some_and(|timer| timer.is_ready())
    }

    /// What a permit is worth.
    pub(super) fn redeem(&mut self) -> Option<T> {
        let timer = self.timer.as_mut()?;
        step!("timer.redeem-stale", timer.stale = timer.stale.saturating_sub(1));
        Some((timer.value)(timer.last))
    }
}

impl<T> Settling<'_, T> {
    /// Gives the values that are due to those who are blocked, oldest first. They are told when `observers` is dropped.
    /// Whether there is still one.
    pub(super) fn deliver(&mut self, observers: &mut Observers) -> bool {
        let state = &mut **self;
        let Some(timer) = &mut state.timer else { return false };
        while timer.is_ready() {
            // SAFETY: the lock is held.
            let Some(met) = (unsafe { state.receivers.meet() }) else {
                // SAFETY: the lock is held.
                unsafe { observers.call(&mut state.recv_watchers) };
                return true;
            };
            // Somebody has waited for it, so it was not late, whenever this thread was awake enough to see it.
            let value = timer.fire(Pace::Grid);
            let (Met::Transfer(receiver) | Met::Permit(receiver)) = met;
            match met {
                // SAFETY: a receiver of this channel, claimed just now.
                Met::Transfer(_) => unsafe { waiter::put_into(receiver, value) },
                Met::Permit(_) => state.set_aside.items += 1,
            }
            // SAFETY: claimed just now.
            unsafe { observers.tell(receiver) };
        }
        false
    }

    /// The value that is due, unless somebody is blocked who has been waiting for it.
    #[cold]
    pub(super) fn take_due(&mut self, observers: &mut Observers) -> Option<T> {
        let ready = step!("timer.oldest-first", self.deliver(observers), else self.is_due());
        let timer = self.timer.as_mut().filter(|_| ready)?;
        Some(timer.fire(timer.pace))
    }

    /// Takes back a permit, for who comes next, if it is not from before the timer was set.
    #[cold]
    pub(super) fn return_due(&mut self, observers: &mut Observers) {
        if let Some(timer) = &mut self.timer {
            if step!("timer.stale-permit", timer.stale > 0, else false) {
                timer.stale -= 1;
            } else {
                timer.returned = true;
            }
        }
        step!("timer.return-to-waiter", {
            self.deliver(observers);
        });
    }

    /// Takes back a value that a task has received and not wanted, for who comes next, if it is not over: invariant 2.
    #[cfg(feature = "async")]
    #[cold]
    pub(super) fn take_back(&mut self, value: &T, observers: &mut Observers) {
        if let Some(timer) = &mut self.timer {
            let is_current = step!("timer.set-since", timer.has_fired, else true);
            let is_last = step!("timer.fired-since", (timer.instant)(value) == timer.last, else true);
            timer.returned |= step!("timer.take-back", is_current && is_last, else false);
        }
        self.deliver(observers);
    }
}

impl<T> Channel<T> {
    /// A timer's channel.
    pub(crate) fn timer(
        setting: Setting,
        pace: Pace,
        value: fn(Instant) -> T,
        instant: fn(&T) -> Instant,
    ) -> Channel<T> {
        let signs = state::signs::TIMER | state::signs::SEND;
        let Setting { when, period } = setting;
        let timer =
            Timer { when, period, pace, last: now(), returned: false, stale: 0, value, instant, has_fired: false };
        let mut state = State::new();
        state.timer = Some(Box::new(timer));
        let front = Front {
            lock: Lock::new(),
            is_timer: true,
            is_receive_only: true,
            is_left: AtomicBool::new(true), // it never has a sender
            signs: AtomicUsize::new(signs),
            len: AtomicUsize::new(0),
            capacity: 1,
        };
        Channel { front, state: UnsafeCell::new(state), lanes: Lanes::new(false) }
    }

    /// Sets a timer; what came before is over. Whether there was a value to come, or one that nobody has received.
    pub(crate) fn set_timer(&self, setting: Setting) -> bool {
        // Before `observers`, so that those are completed when the first of these is woken.
        let mut wakes = Wakes::default();
        let mut observers = Observers::default();
        let mut early = Line::default();
        let mut state = self.settling();
        // Who was blocked when it was due has received it.
        state.deliver(&mut observers);
        let settled = &mut *state;
        let Some(timer) = &mut settled.timer else { return false };
        let was_running = timer.when.is_some() || step!("timer.returned-runs", timer.returned, else false);
        let sooner = setting.when.is_some_and(|when| timer.when.is_none_or(|before| when < before));
        timer.when = setting.when;
        timer.period = setting.period;
        timer.has_fired = false;
        timer.returned = step!("timer.forget-returned", false, else timer.returned);
        timer.stale = settled.set_aside.items;
        if step!("timer.sooner", sooner, else false) {
            // Invariant 1 would not hold for them.
            // SAFETY: the lock is held.
            unsafe { settled.receivers.claim_all(&mut early) };
            // SAFETY: as above.
            unsafe { settled.recv_watchers.claim_all(&mut early) };
        }
        drop(state);
        while let Some(waiter) = early.pop() {
            // SAFETY: its only completion, by its claimer.
            step!("timer.wake-sleepers", unsafe { wakes.complete(waiter, Outcome::Retry) });
        }
        was_running
    }

    /// Delivers what is due, on behalf of who is blocked. When the next value is; `None` if the caller need not know.
    pub(crate) fn poll(&self) -> Option<Instant> {
        let mut observers = Observers::default();
        let mut state = self.settling();
        let is_left = state.deliver(&mut observers);
        // Then the caller was not in the queue: it has been claimed, and waits for its completion, and no time.
        if step!("timer.claimed-elsewhere", is_left, else false) { None } else { state.due_at() }
    }

    /// As [`block`](Channel::block), for a receiver that has to look at the clock when a value is due.
    #[cold]
    pub(super) fn block_on_timer(
        &self,
        node: &Node<T>,
        deadline: Option<Instant>,
        mut due: Option<Instant>,
    ) -> Option<Outcome> {
        loop {
            let outcome = node.wait(step!("timer.recv-until-due", earlier(deadline, due), else deadline), Cpu::UNKNOWN);
            if outcome.is_some() {
                return outcome;
            }
            due = self.poll();
            if has_passed(deadline) {
                return self.block(node, deadline, Cpu::UNKNOWN, |state| &mut state.receivers);
            }
        }
    }

    /// Whether this is a timer's channel.
    #[cfg(feature = "async")]
    pub(crate) fn is_timer(&self) -> bool {
        self.front.is_timer
    }

    /// Whether a timer has a value that is due.
    #[cold]
    pub(super) fn timer_len(&self) -> usize {
        usize::from(self.settling().is_due())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_tick() {
        let ms = Duration::from_millis;
        let late_by = |late| now() - late;
        // Nanoseconds pass between the two looks at the clock, never a millisecond that would matter below.
        let next = |when: Instant, period, pace| after(when, period, pace).map(|next| next.duration_since(when));
        assert_eq!(next(late_by(ms(250)), ms(100), Pace::Grid), Some(ms(300)));
        assert_eq!(next(late_by(ms(50)), ms(100_000), Pace::Grid), Some(ms(100_000)));
        assert!(next(late_by(ms(250)), ms(100), Pace::Receiver).is_some_and(|next| next >= ms(350)));
        // A value that a model's clock finds due may still be to come.
        assert_eq!(next(now() + ms(9_000_000), ms(100), Pace::Grid), Some(ms(100)));
        // Without a period it is always due.
        assert!(next(late_by(ms(250)), Duration::ZERO, Pace::Grid).is_some_and(|next| next >= ms(250)));
        assert_eq!(after(late_by(ms(1)), Duration::MAX, Pace::Grid), None);
        assert_eq!(after(late_by(ms(1)), Duration::MAX, Pace::Receiver), None);
    }
}
