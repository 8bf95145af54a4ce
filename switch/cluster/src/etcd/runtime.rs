//! The thread that reads and writes sockets, and how other threads wait for it.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// One worker: all it does is move bytes.
pub struct Worker(Option<Runtime>);

impl Worker {
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("etcd")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for it.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime().block_on(work)
    }

    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime().spawn(work)
    }

    fn runtime(&self) -> &Runtime {
        // Taken in `drop` only.
        self.0.as_ref().expect("the runtime is there until the end")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Does not wait for what is under way, and may be called on any thread.
            runtime.shutdown_background();
        }
    }
}
