//! A thread that polls the tasks of a program, so that the program itself can wait for them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

type Task = Pin<Box<dyn Future<Output = String> + Send>>;

enum Message {
    Start(usize, Task),
    Wake(usize),
    /// Forget all tasks.
    Clear,
}

#[derive(Default)]
struct Shared {
    /// Messages that have not been dealt with.
    open: Mutex<usize>,
    quiet: Condvar,
    over: Mutex<Vec<(usize, String)>>,
}

/// The way to the thread that polls; it ends with this.
pub(super) struct Tasks {
    messages: mpsc::Sender<Message>,
    shared: Arc<Shared>,
}

struct Notice {
    id: usize,
    messages: mpsc::Sender<Message>,
    shared: Arc<Shared>,
}

impl Wake for Notice {
    fn wake(self: Arc<Notice>) {
        *self.shared.open.lock().unwrap() += 1;
        self.messages.send(Message::Wake(self.id)).ok();
    }
}

impl Tasks {
    pub(super) fn new() -> Tasks {
        let (messages, inbox) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let (sender, same) = (messages.clone(), Arc::clone(&shared));
        thread::spawn(move || poll_all(&inbox, &sender, &same));
        Tasks { messages, shared }
    }

    fn send(&self, message: Message) {
        *self.shared.open.lock().unwrap() += 1;
        self.messages.send(message).unwrap();
    }

    pub(super) fn start(&self, id: usize, task: impl Future<Output = String> + Send + 'static) {
        self.send(Message::Start(id, Box::pin(task)));
    }

    pub(super) fn clear(&self) {
        self.send(Message::Clear);
        self.settle();
    }

    /// Waits until no task can go on; those that came to their end meanwhile, in their order.
    pub(super) fn settle(&self) -> Vec<(usize, String)> {
        let open = self.shared.open.lock().unwrap();
        drop(self.shared.quiet.wait_while(open, |open| *open > 0).unwrap());
        let mut over = std::mem::take(&mut *self.shared.over.lock().unwrap());
        over.sort();
        over
    }
}

fn poll_all(inbox: &mpsc::Receiver<Message>, messages: &mpsc::Sender<Message>, shared: &Arc<Shared>) {
    let mut tasks: HashMap<usize, (Task, Waker)> = HashMap::new();
    let poll = |id, task: Task, waker: Waker, tasks: &mut HashMap<_, _>| {
        let mut task = task;
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            std::task::Poll::Ready(outcome) => shared.over.lock().unwrap().push((id, outcome)),
            std::task::Poll::Pending => drop(tasks.insert(id, (task, waker))),
        }
    };
    for message in inbox {
        match message {
            Message::Start(id, task) => {
                let notice = Notice { id, messages: messages.clone(), shared: Arc::clone(shared) };
                poll(id, task, Waker::from(Arc::new(notice)), &mut tasks);
            }
            Message::Wake(id) => {
                if let Some((task, waker)) = tasks.remove(&id) {
                    poll(id, task, waker, &mut tasks);
                }
            }
            Message::Clear => tasks.clear(),
        }
        let mut open = shared.open.lock().unwrap();
        *open -= 1;
        if *open == 0 {
            shared.quiet.notify_all();
        }
    }
}
