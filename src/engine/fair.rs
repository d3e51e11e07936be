//! Responses first: whoever sets many users going at one moment must not keep waiting what has arrived meanwhile.
//!
//! A worker does its tasks in the order in which they became ready. Were ten thousand of them made ready at once, a response
//! that arrives then would be noticed after all of them, and the time that they took be measured as the server's.

use tokio::task::yield_now;

/// So many are set going before the worker looks at what has arrived.
const AT_ONCE: u32 = 8;

/// Counts what is set going.
#[derive(Debug, Default)]
pub(super) struct Fair {
    set_going: u32,
}

impl Fair {
    /// One more was set going. Where there were many, they get on with it now, and all that has arrived comes before the next.
    pub(super) async fn one_more(&mut self) {
        self.set_going += 1;
        if self.set_going >= AT_ONCE {
            self.set_going = 0;
            // Woken again only after the worker has asked the system what there is.
            yield_now().await;
        }
    }
}
