//! Messages that must arrive, though the queue they go to may be full.

use actix::MailboxError;

use crate::base::metrics::{Counted, METRICS};

/// Lets a message wait until it is handled, without its sender waiting too. Only for messages whose number is bounded
/// by something else, such as one for each socket. A receiver that is gone needs no message.
pub fn send_detached(sent: impl Future<Output = Result<(), MailboxError>> + 'static) {
    let waiting = Counted::one(&METRICS.mailbox_waiting);
    actix_rt::spawn(async move {
        let _waiting = waiting;
        let _ = sent.await;
    });
}
