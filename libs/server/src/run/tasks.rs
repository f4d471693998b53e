//! The tasks of one process: whose end is expected, whose is a failure.

use std::collections::HashMap;

use tokio::task::{Id, JoinError, JoinSet};

use super::ServeError;

/// What a task is.
#[derive(Clone, Copy, Debug)]
enum Role {
    Port(&'static str),
    Worker(&'static str),
}

/// Ports and workers, which are waited for, and background tasks, which are not. Dropping aborts them all.
#[derive(Debug)]
pub(super) struct Tasks {
    awaited: JoinSet<()>,
    roles: HashMap<Id, Role>,
    background: JoinSet<()>,
    panicked: Option<&'static str>,
}

impl Tasks {
    pub fn new() -> Self {
        Self { awaited: JoinSet::new(), roles: HashMap::new(), background: JoinSet::new(), panicked: None }
    }

    pub fn background(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(task);
    }

    pub fn port(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.awaited.spawn(task).id();
        self.roles.insert(id, Role::Port(name));
    }

    pub fn worker(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.awaited.spawn(task).id();
        self.roles.insert(id, Role::Worker(name));
    }

    /// The first failure while serving. A worker may end in peace, a port may not.
    pub async fn failure(&mut self) -> ServeError {
        loop {
            match self.awaited.join_next_with_id().await {
                Some(Ok((id, ()))) => match self.roles.remove(&id) {
                    Some(Role::Port(name)) => return ServeError::Stopped(name),
                    Some(Role::Worker(name)) => tracing::info!(worker = name, "worker ended"),
                    None => {}
                },
                Some(Err(error)) => {
                    if let Some(failure) = self.broken(&error) {
                        return failure;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until all have ended; tells of a worker that panicked on the way.
    pub async fn finished(&mut self) -> Result<(), ServeError> {
        while let Some(ended) = self.awaited.join_next_with_id().await {
            if let Err(error) = ended {
                let _ = self.broken(&error);
            }
        }
        self.panicked.map_or(Ok(()), |name| Err(ServeError::WorkerPanicked(name)))
    }

    fn broken(&mut self, error: &JoinError) -> Option<ServeError> {
        match self.roles.remove(&error.id())? {
            Role::Port(name) => Some(ServeError::Stopped(name)),
            Role::Worker(name) => {
                tracing::error!(worker = name, "worker panicked");
                self.panicked = Some(name);
                Some(ServeError::WorkerPanicked(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_may_end_but_not_panic() {
        let mut tasks = Tasks::new();
        tasks.worker("short", async {});
        tasks.worker("broken", async { panic!("on purpose") });
        assert!(matches!(tasks.failure().await, ServeError::WorkerPanicked("broken")));
    }

    #[tokio::test]
    async fn a_port_may_not_end() {
        let mut tasks = Tasks::new();
        tasks.port("grpc", async {});
        assert!(matches!(tasks.failure().await, ServeError::Stopped("grpc")));
    }

    #[tokio::test]
    async fn a_panic_while_draining_is_told() {
        let mut tasks = Tasks::new();
        tasks.worker("broken", async { panic!("on purpose") });
        assert!(matches!(tasks.finished().await, Err(ServeError::WorkerPanicked("broken"))));
    }
}
