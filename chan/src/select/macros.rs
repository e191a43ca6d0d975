//! `select!` and `select_biased!`: the grammar, and what it expands to.

/// Waits until one of several channel operations is ready, and does exactly that one. Go: `select`.
///
/// ```text
/// select! {
///     recv(receiver) -> result => body,
///     send(sender, message) -> result => body,
///     default => body,                    // if nothing is ready; or
///     default(timeout) => body,           // if nothing gets ready in time: a `Duration`, or an `Instant`
/// }
/// ```
///
/// * Any number of `recv` and `send` in any order, and at most one `default`; `select! {}` blocks for ever. The macro
///   evaluates to the value of the body that is run. The comma after a block is optional.
/// * A handle is an expression of type [`Receiver`](crate::Receiver) or [`Sender`](crate::Sender), or
///   [`Chan`](crate::Chan) for both, by value or behind references and smart pointers, or an `Option` of one. It is
///   evaluated once, in order. `None`, as the nil channel, disables its case.
/// * The result is a pattern: of a `Result<T, RecvError>` for `recv`, of a `Result<(), SendError<T>>` for `send`. An
///   operation on a closed channel is ready, and reports that. The pattern must be irrefutable, as in a `let`.
/// * So in a loop the case of a closed channel is always ready: use an `Option` as its operand, and set it to `None`.
/// * The message is evaluated only after its case was chosen: you keep a message that is not sent. (Go evaluates all
///   messages first.) Meanwhile a slot or a blocked receiver is reserved, and given back if the message panics. The
///   receiver waits for the message, beyond its deadline if it has one; if the message panics, it waits for another
///   one, with its deadline.
/// * At capacity 0 the receiver may be a [`Select`](crate::Select). The send then waits until its
///   [`SelectedOperation`](crate::SelectedOperation) is completed. If that is dropped instead, the send continues as
///   a plain one, and blocks until another receiver comes, even with a `default`.
/// * Of several ready cases one is chosen uniformly at random; [`select_biased!`](crate::select_biased) chooses the
///   first. `default` is chosen only if there was an instant at which nothing was ready.
/// * A timeout is evaluated once, after the handles, even if it is not needed.
/// * The same channel may be used in several cases, and for both directions; a select is never its own partner.
/// * Allocates nothing, blocked or not, except to grow a buffer. O(cases).
///
/// # Panics
///
/// If a send is chosen for which the buffer has to grow and the allocation fails: before its message is evaluated.
///
/// # Memory ordering
///
/// The chosen case has the edges of a plain send or receive ([`Sender`](crate::Sender)), the others have none
/// (`select.executed-case-only`), and `default` orders nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gosync_chan::{bounded, select};
///
/// let (results, fetched) = bounded(1);
/// let (quit, quitting) = bounded::<()>(0);
/// results.send(42).unwrap();
/// let answer = select! {
///     recv(fetched) -> result => result.ok(),
///     recv(quitting) -> _ => None,
///     default(Duration::from_secs(1)) => None,
/// };
/// assert_eq!(answer, Some(42));
/// # drop(quit);
/// ```
///
/// A loop over two channels until both have ended:
///
/// ```
/// use gosync_chan::{bounded, select};
///
/// let ((ta, a), (tb, b)) = (bounded(1), bounded(1));
/// (ta.send(1).unwrap(), tb.send(2).unwrap());
/// drop((ta, tb));
///
/// let (mut a, mut b, mut sum) = (Some(a), Some(b), 0);
/// while a.is_some() || b.is_some() {
///     select! {
///         recv(a) -> n => match n {
///             Ok(n) => sum += n,
///             Err(_) => a = None,
///         },
///         recv(b) -> n => match n {
///             Ok(n) => sum += n,
///             Err(_) => b = None,
///         },
///     }
/// }
/// assert_eq!(sum, 3);
/// ```
///
/// A disabled case, and one that sends:
///
/// ```
/// use gosync_chan::{bounded, select};
///
/// let (tx, rx) = bounded(1);
/// let input = None::<&gosync_chan::Receiver<i32>>;
/// select! {
///     recv(input) -> _ => unreachable!(),
///     send(tx, 1) -> result => result.unwrap(),
/// }
/// assert_eq!(rx.recv(), Ok(1));
/// ```
#[macro_export]
macro_rules! select {
    ($($cases:tt)*) => { $crate::__select_parse!((false) () () $($cases)*) };
}

/// Like [`select!`](crate::select), but chooses the first of several ready cases.
///
/// An early case that is always ready starves the others.
///
/// # Examples
///
/// ```
/// use gosync_chan::{select_biased, unbounded};
///
/// let (urgent, first) = unbounded();
/// let (normal, second) = unbounded();
/// normal.send("later").unwrap();
/// urgent.send("now").unwrap();
/// let next = select_biased! {
///     recv(first) -> message => message,
///     recv(second) -> message => message,
/// };
/// assert_eq!(next, Ok("now"));
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($cases:tt)*) => { $crate::__select_parse!((true) () () $($cases)*) };
}

/// Like [`select!`](crate::select), for a task: waits without blocking the thread, inside an `async` block or
/// function. Feature `async`; works on any executor.
///
/// The grammar is the same, except for `default(future) => body`, which runs if the future completes before a case is
/// ready: `tokio::time::sleep(..)`, for example. Messages and bodies may `.await`.
///
/// It never blocks the thread. At capacity 0 the sender may be a select that is about to evaluate its message. Then
/// the receive is pending until the message arrives, and so is `default`, even if its future has completed. If the
/// message does not arrive, the select continues: with `default`, if nothing else is ready.
///
/// Exactly one case completes, sends included. The values that the channels carry must be [`Send`].
///
/// # Cancellation
///
/// If the enclosing future is dropped, no case completes: a value that was received goes to the next receiver, or
/// back to the front of the buffer, and what was reserved for a send goes to the next waiter. A send whose receiver
/// was dropped in the same way puts its value into the buffer, which may then hold one more than its capacity.
///
/// # Panics
///
/// Like [`select!`](crate::select), and if a case waits for a timer and the timer thread cannot be started.
///
/// # Examples
///
/// ```
/// use gosync_chan::{Receiver, select_async};
///
/// async fn either(left: &Receiver<i32>, right: &Receiver<i32>) -> Option<i32> {
///     select_async! {
///         recv(left) -> value => value.ok(),
///         recv(right) -> value => value.ok(),
///     }
/// }
/// ```
#[cfg(feature = "async")]
#[macro_export]
macro_rules! select_async {
    ($($cases:tt)*) => { $crate::__select_parse!((async false) () () $($cases)*) };
}

/// Like [`select_async!`](crate::select_async), but chooses the first of several ready cases.
///
/// # Examples
///
/// ```
/// use gosync_chan::{Receiver, select_async_biased};
///
/// async fn next(urgent: &Receiver<i32>, normal: &Receiver<i32>) -> Option<i32> {
///     select_async_biased! {
///         recv(urgent) -> value => value.ok(),
///         recv(normal) -> value => value.ok(),
///     }
/// }
/// ```
#[cfg(feature = "async")]
#[macro_export]
macro_rules! select_async_biased {
    ($($cases:tt)*) => { $crate::__select_parse!((async true) () () $($cases)*) };
}

/// Sorts the cases: `(biased) (case ..) (default)`, then what is left.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_parse {
    // Nothing left.
    ((async $biased:tt) () ()) => { ::core::future::pending().await };
    ($biased:tt () ()) => { $crate::__cases::for_ever() };
    ($biased:tt $cases:tt $default:tt) => { $crate::__select_bind!($biased $cases () $default) };

    // A receive: a block with a comma, an expression with a comma, a block without, the last. Braces are written anew, so
    // that no lint of the user's takes them for superfluous.
    ($biased:tt ($($cases:tt)*) $default:tt
     recv($receiver:expr $(,)?) -> $result:pat => { $($body:tt)* }, $($rest:tt)*) => {
        $crate::__select_parse!(
            $biased ($($cases)* (recv ($receiver) () ($result) ({ $($body)* }))) $default $($rest)*
        )
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     recv($receiver:expr $(,)?) -> $result:pat => $body:expr, $($rest:tt)*) => {
        $crate::__select_parse!($biased ($($cases)* (recv ($receiver) () ($result) ($body))) $default $($rest)*)
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     recv($receiver:expr $(,)?) -> $result:pat => { $($body:tt)* } $($rest:tt)*) => {
        $crate::__select_parse!(
            $biased ($($cases)* (recv ($receiver) () ($result) ({ $($body)* }))) $default $($rest)*
        )
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     recv($receiver:expr $(,)?) -> $result:pat => $body:expr) => {
        $crate::__select_parse!($biased ($($cases)* (recv ($receiver) () ($result) ($body))) $default)
    };

    // A send.
    ($biased:tt ($($cases:tt)*) $default:tt
     send($sender:expr, $message:expr $(,)?) -> $result:pat => { $($body:tt)* }, $($rest:tt)*) => {
        $crate::__select_parse!(
            $biased ($($cases)* (send ($sender) ($message) ($result) ({ $($body)* }))) $default $($rest)*
        )
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     send($sender:expr, $message:expr $(,)?) -> $result:pat => $body:expr, $($rest:tt)*) => {
        $crate::__select_parse!($biased ($($cases)* (send ($sender) ($message) ($result) ($body))) $default $($rest)*)
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     send($sender:expr, $message:expr $(,)?) -> $result:pat => { $($body:tt)* } $($rest:tt)*) => {
        $crate::__select_parse!(
            $biased ($($cases)* (send ($sender) ($message) ($result) ({ $($body)* }))) $default $($rest)*
        )
    };
    ($biased:tt ($($cases:tt)*) $default:tt
     send($sender:expr, $message:expr $(,)?) -> $result:pat => $body:expr) => {
        $crate::__select_parse!($biased ($($cases)* (send ($sender) ($message) ($result) ($body))) $default)
    };

    // A default.
    ($biased:tt $cases:tt () default $(($($timeout:expr)? $(,)?))? => { $($body:tt)* }, $($rest:tt)*) => {
        $crate::__select_parse!($biased $cases (default ($($($timeout)?)?) ({ $($body)* })) $($rest)*)
    };
    ($biased:tt $cases:tt () default $(($($timeout:expr)? $(,)?))? => $body:expr, $($rest:tt)*) => {
        $crate::__select_parse!($biased $cases (default ($($($timeout)?)?) ($body)) $($rest)*)
    };
    ($biased:tt $cases:tt () default $(($($timeout:expr)? $(,)?))? => { $($body:tt)* } $($rest:tt)*) => {
        $crate::__select_parse!($biased $cases (default ($($($timeout)?)?) ({ $($body)* })) $($rest)*)
    };
    ($biased:tt $cases:tt () default $(($($timeout:expr)? $(,)?))? => $body:expr) => {
        $crate::__select_parse!($biased $cases (default ($($($timeout)?)?) ($body)))
    };
    ($biased:tt $cases:tt ($($default:tt)+) default $($rest:tt)*) => {
        ::core::compile_error!("a select can have only one `default`")
    };

    // What is none of these.
    ($biased:tt $cases:tt $default:tt recv $($rest:tt)*) => {
        ::core::compile_error!("expected `recv(receiver) -> result => body`, with a comma after the body unless it is a block")
    };
    ($biased:tt $cases:tt $default:tt send $($rest:tt)*) => {
        ::core::compile_error!(
            "expected `send(sender, message) -> result => body`, with a comma after the body unless it is a block"
        )
    };
    ($biased:tt $cases:tt $default:tt default $($rest:tt)*) => {
        ::core::compile_error!(
            "expected `default => body` or `default(timeout) => body`, with a comma after the body unless it is a block"
        )
    };
    ($biased:tt $cases:tt $default:tt , $($rest:tt)*) => {
        $crate::__select_parse!($biased $cases $default $($rest)*)
    };
    ($biased:tt $cases:tt $default:tt $other:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "expected `recv(receiver) -> result => body`, `send(sender, message) -> result => body` or `default => body`, found `",
            ::core::stringify!($other), "`"
        ))
    };
}

/// Evaluates the handles, one within the other, so that temporaries live as long as the select; then runs it.
///
/// `(biased) (cases left) (cases bound) (default)`
#[macro_export]
#[doc(hidden)]
macro_rules! __select_bind {
    ($biased:tt ((recv ($receiver:expr) () $result:tt $body:tt) $($left:tt)*) ($($bound:tt)*) $default:tt) => {
        match $receiver {
            ref operand => {
                #[allow(unused_imports)]
                use $crate::__cases::{AnyOperand as _, NoReceiver as _, ReceiverHandle as _, ReceiverOperand as _};
                let operand = $crate::__cases::Operand(operand).__gosync_pick_receiver();
                $crate::__select_case!($biased case RecvCase TaskRecvCase (operand.__gosync_receiver()));
                $crate::__select_bind!($biased ($($left)*) ($($bound)* (case () $result $body)) $default)
            }
        }
    };
    ($biased:tt ((send ($sender:expr) $message:tt $result:tt $body:tt) $($left:tt)*) ($($bound:tt)*) $default:tt) => {
        match $sender {
            ref operand => {
                #[allow(unused_imports)]
                use $crate::__cases::{AnyOperand as _, NoSender as _, SenderHandle as _, SenderOperand as _};
                let operand = $crate::__cases::Operand(operand).__gosync_pick_sender();
                $crate::__select_case!($biased case SendCase TaskSendCase (operand.__gosync_sender()));
                $crate::__select_bind!($biased ($($left)*) ($($bound)* (case $message $result $body)) $default)
            }
        }
    };
    ((async $biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*) ()) => {{
        let won = $crate::__select_future!($biased false $($case)*).await;
        $crate::__select_match!(won ($(($message $result $body))*) (::core::future::pending().await))
    }};
    ((async $biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*) (default () $default:tt)) => {{
        let won = $crate::__select_future!($biased true $($case)*).await;
        $crate::__select_match!(won ($(($message $result $body))*) $default)
    }};
    ((async $biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*)
     (default ($timeout:expr) $default:tt)) => {{
        let won = $crate::__select_future!($biased false $($case)*).or($timeout).await;
        $crate::__select_match!(won ($(($message $result $body))*) $default)
    }};
    (($biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*) ()) => {{
        if !$crate::__select_guess!($biased ($($case)*)) {
            $crate::__cases::block([$($case.arm()),*], $biased);
        }
        $crate::__select_chain!(($(($case $message $result $body))*) ($crate::__cases::for_ever()))
    }};
    (($biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*) (default () $default:tt)) => {{
        $crate::__cases::attempt([$($case.arm()),*], $biased);
        $crate::__select_chain!(($(($case $message $result $body))*) $default)
    }};
    (($biased:tt) () ($(($case:ident $message:tt $result:tt $body:tt))*) (default ($timeout:expr) $default:tt)) => {{
        let limit = $crate::__cases::limit($timeout);
        if !$crate::__select_guess!($biased ($($case)*)) {
            $crate::__cases::wait([$($case.arm()),*], limit, $biased);
        }
        $crate::__select_chain!(($(($case $message $result $body))*) $default)
    }};
}

/// Binds a case: of a thread, or of a task.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_case {
    ((async $biased:tt) $case:ident $of_thread:ident $of_task:ident ($handle:expr)) => {
        let $case = $crate::__cases::$of_task::new($handle);
    };
    (($biased:tt) $case:ident $of_thread:ident $of_task:ident ($handle:expr)) => {
        let mut $case = $crate::__cases::$of_thread::new($handle);
    };
}

/// Tries one of several cases, any of them: whether it was done.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_guess {
    (false ($first:ident $second:ident $($rest:ident)*)) => {
        $crate::__select_try!(($first $second $($rest)*))
    };
    ($biased:tt $cases:tt) => {
        false
    };
}

/// Tries one of them, or the one of this number.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_try {
    (($($case:ident)*)) => {{
        let number = $crate::__cases::pick([$($case.is_won()),*].len());
        $crate::__select_try!(number ($($case)*))
    }};
    ($number:ident ()) => { false };
    ($number:ident ($case:ident $($rest:ident)*)) => {
        if $number == 0 {
            $case.guess()
        } else {
            let number = $number - 1;
            $crate::__select_try!(number ($($rest)*))
        }
    };
}

/// The bodies, one after the other.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_chain {
    (() ($default:expr)) => { $default };
    ((($case:ident $message:tt ($result:pat) ($body:expr)) $($rest:tt)*) $default:tt) => {
        if $case.is_won() {
            let $result = $crate::__select_finish!($case $message);
            $body
        } else {
            $crate::__select_chain!(($($rest)*) $default)
        }
    };
}

/// The result of the operation.
#[macro_export]
#[doc(hidden)]
macro_rules! __select_finish {
    ($case:ident ()) => {
        $case.finish()
    };
    ($case:ident ($message:expr)) => {{
        let permit = $case.finish();
        // A message may diverge.
        #[allow(unreachable_code)]
        let result = permit.send($message);
        result
    }};
}

/// The select of a task, which takes the cases.
#[cfg(feature = "async")]
#[macro_export]
#[doc(hidden)]
macro_rules! __select_future {
    ($biased:tt $only_tries:tt $($case:ident)*) => {
        $crate::__cases::SelectFuture::new(
            [$($crate::__select_nest!(of $case)),*],
            $crate::__select_nest!($($case)*),
            $biased,
            $only_tries,
        )
    };
}

/// The cases one within the other; nothing of one.
#[cfg(feature = "async")]
#[macro_export]
#[doc(hidden)]
macro_rules! __select_nest {
    () => { () };
    (of $case:ident) => { () };
    ($case:ident $($rest:ident)*) => {
        ($case.arm(), $crate::__select_nest!($($rest)*))
    };
}

/// Runs the body of the case that a task's select has won.
#[cfg(feature = "async")]
#[macro_export]
#[doc(hidden)]
macro_rules! __select_match {
    ($won:ident () ($default:expr)) => {{
        let $crate::__cases::Nothing = $won;
        $default
    }};
    ($won:ident (($message:tt ($result:pat) ($body:expr)) $($rest:tt)*) $default:tt) => {
        match $won {
            $crate::__cases::Won::This(won) => {
                let $result = $crate::__select_result!(won $message);
                $body
            }
            $crate::__cases::Won::Other(won) => $crate::__select_match!(won ($($rest)*) $default),
        }
    };
}

/// The result of a task's operation.
#[cfg(feature = "async")]
#[macro_export]
#[doc(hidden)]
macro_rules! __select_result {
    ($won:ident ()) => {
        $won
    };
    ($won:ident ($message:expr)) => {{
        let permit = $won.permit();
        // A message may diverge.
        #[allow(unreachable_code)]
        let result = permit.send_by_task($message);
        result
    }};
}
