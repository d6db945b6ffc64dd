//! Taking a connection over from HTTP: an upgrade request goes through the same routes and middleware as any other, and
//! where the answer is 101 the bare socket goes to a session. The dispatcher and its buffers are freed.

use std::rc::Rc;

use actix_codec::Framed;
use actix_http::body::{BodySize, MessageBody, to_bytes};
use actix_http::h1::{Codec, Message, SendResponse};
use actix_http::{ConnectionType, Request, Response, StatusCode};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::{HttpMessage, HttpResponse};
use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio_util::codec::Encoder;

use crate::realtime::ws_session::{Handshake, Shared, WsSession};
use crate::server::connection::Connection;
use crate::wire::refusal::Refusal;

type Upgrade = (Request, Framed<Connection, Codec>);

/// What actix-http calls with an upgrade request. `app` answers it; `shared` is what the sessions of this worker share,
/// once it is registered.
pub fn factory<A, S, B>(
    app: A,
    shared: impl Future<Output = Result<Shared, Refusal>> + 'static,
) -> impl ServiceFactory<Upgrade, Config = (), Response = (), Error = actix_web::Error, InitError = ()>
where
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    B: MessageBody + 'static,
{
    // A worker builds its services once.
    let parts = std::cell::Cell::new(Some((app.into_factory(), shared)));
    fn_factory(move || {
        let parts = parts.take();
        async move {
            let (app, shared) = parts.ok_or(())?;
            let shared = Rc::new(shared.await.map_err(|refusal| tracing::error!(%refusal, "a worker did not start"))?);
            let app = app.new_service(AppConfig::default()).await;
            let app = Rc::new(app.map_err(|error| tracing::error!(?error, "a worker did not start"))?);
            Ok::<_, ()>(fn_service(move |(request, framed): Upgrade| {
                let (app, shared) = (Rc::clone(&app), Rc::clone(&shared));
                async move {
                    let answered = match app.call(request).await {
                        Ok(answered) => answered.map_into_boxed_body(),
                        Err(error) => return refuse(framed, error.error_response()).await,
                    };
                    let visit = answered.request().extensions_mut().remove::<Handshake>();
                    let response = answered.into_parts().1;
                    match visit {
                        Some(visit) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                            hand_over(framed, response, visit, shared).await
                        }
                        _ => refuse(framed, response).await,
                    }
                }
            }))
        }
    })
}

async fn hand_over(
    mut framed: Framed<Connection, Codec>,
    response: HttpResponse,
    visit: Handshake,
    shared: Rc<Shared>,
) -> Result<(), actix_web::Error> {
    let mut head = BytesMut::new();
    framed.codec_mut().encode(Message::Item((Response::from(response).drop_body(), BodySize::None)), &mut head)?;
    let mut parts = framed.into_parts();
    parts.io.write_all(&head).await?;
    WsSession::start(shared, visit, parts.io.into_stream(), &parts.read_buf);
    Ok(())
}

/// An answer like any other; the connection ends with it.
async fn refuse(framed: Framed<Connection, Codec>, response: HttpResponse) -> Result<(), actix_web::Error> {
    let (mut response, body) = response.into_parts();
    response.head_mut().set_connection_type(ConnectionType::Close);
    let body = to_bytes(body).await.unwrap_or_default();
    SendResponse::new(framed, Response::from(response).set_body(body)).await?;
    Ok(())
}
