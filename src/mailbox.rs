//! Messages that must arrive, though the queue they go to may be full.

use actix::MailboxError;

/// Lets a message wait until it is handled, without its sender waiting too. Only for messages whose number is bounded
/// by something else, such as one for each socket. A receiver that is gone needs no message.
pub fn see_off(sent: impl Future<Output = Result<(), MailboxError>> + 'static) {
    actix_rt::spawn(async move {
        let _ = sent.await;
    });
}
