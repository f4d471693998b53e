//! Calls at a rate, each with the moment it was due, at gaps as of things that happen by themselves (pgbench's `-R` has
//! the same); or, without a rate, one after the other.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ehub_clock::Clock;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

/// How many calls may be overdue before the next is counted as never sent: more than any queue a person waits in.
const OVERDUE: usize = 20_000;

/// How much.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub time: Duration,
    /// Calls a second; `None`: as fast as answers come.
    pub rate: Option<f64>,
    /// How many callers there are.
    pub callers: usize,
}

/// What was offered.
#[derive(Debug)]
pub struct Offered {
    pub due: u64,
    pub never_sent: u64,
    pub seconds: f64,
}

impl Offered {
    /// For a report, with how many of the calls did what was asked.
    pub fn report(&self, load: &Load, done: u64) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let achieved = done as f64 / self.seconds;
        json!({
            "offered_per_second": load.rate,
            "achieved_per_second": achieved,
            "due": self.due,
            "done": done,
            "never_sent": self.never_sent,
            "seconds": self.seconds,
            "callers": load.callers,
        })
    }
}

/// Has every caller call, each time with the moment the call was due; returns when the last has been answered.
pub async fn offer<C, F>(clock: &Clock, load: &Load, call: C) -> Offered
where
    C: Fn(usize, Instant) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let began = clock.monotonic();
    let call = Arc::new(call);
    let (due, never_sent) = match load.rate {
        Some(rate) => at_rate(clock, load, rate, call).await,
        None => (one_after_the_other(clock, load, call).await, 0),
    };
    Offered { due, never_sent, seconds: (clock.monotonic() - began).as_secs_f64() }
}

async fn at_rate<C, F>(clock: &Clock, load: &Load, rate: f64, call: Arc<C>) -> (u64, u64)
where
    C: Fn(usize, Instant) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (queue, waiting) = mpsc::channel::<Instant>(OVERDUE);
    let waiting = Arc::new(Mutex::new(waiting));
    let mut callers = JoinSet::new();
    for caller in 0..load.callers {
        let (waiting, call) = (Arc::clone(&waiting), Arc::clone(&call));
        callers.spawn(async move {
            loop {
                let next = waiting.lock().await.recv().await;
                let Some(due) = next else { return };
                call(caller, due).await;
            }
        });
    }
    let began = clock.monotonic();
    let (mut due, mut never_sent) = (0, 0);
    let mut at = gap(clock, rate);
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    loop {
        tick.tick().await;
        let now = clock.monotonic();
        loop {
            if at >= load.time {
                drop(queue);
                while callers.join_next().await.is_some() {}
                return (due, never_sent);
            }
            if began + at > now {
                break;
            }
            due += 1;
            if queue.try_send(began + at).is_err() {
                never_sent += 1;
            }
            at += gap(clock, rate);
        }
    }
}

/// An exponential pause.
fn gap(clock: &Clock, rate: f64) -> Duration {
    let [a, b, c, d] = clock.random::<4>();
    let uniform = (f64::from(u32::from_be_bytes([a, b, c, d])) + 1.0) / (f64::from(u32::MAX) + 1.0);
    Duration::from_secs_f64(-uniform.ln() / rate)
}

async fn one_after_the_other<C, F>(clock: &Clock, load: &Load, call: Arc<C>) -> u64
where
    C: Fn(usize, Instant) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let end = clock.monotonic() + load.time;
    let made = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..load.callers {
        let (clock, call, made) = (clock.clone(), Arc::clone(&call), Arc::clone(&made));
        callers.spawn(async move {
            loop {
                let now = clock.monotonic();
                if now >= end {
                    return;
                }
                made.fetch_add(1, Ordering::Relaxed);
                call(caller, now).await;
            }
        });
    }
    while callers.join_next().await.is_some() {}
    made.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_for_a_caller_is_late_from_when_it_was_due() {
        let clock = Clock::system();
        let load = Load { time: Duration::from_millis(40), rate: Some(500.0), callers: 1 };
        let late = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (noted, clock_of_calls) = (Arc::clone(&late), clock.clone());
        let offered = offer(&clock, &load, move |_, due| {
            let (noted, clock) = (Arc::clone(&noted), clock_of_calls.clone());
            async move {
                // Far slower than the rate: each call waits longer than the one before.
                tokio::time::sleep(Duration::from_millis(40)).await;
                noted.lock().expect("not poisoned").push(clock.monotonic() - due);
            }
        })
        .await;
        let late = late.lock().expect("not poisoned");
        assert!(offered.due > 2, "some twenty: {}", offered.due);
        assert_eq!((offered.never_sent, late.len() as u64), (0, offered.due));
        assert!(late.windows(2).all(|pair| pair[1] > pair[0]), "{late:?}");
    }
}
