//! One request: its body within its bounds, its answer in time, and nothing read after it that nobody wants.

use std::rc::Rc;

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::header::CONTENT_LENGTH;
use actix_http::{ConnectionType, HttpMessage as _, Payload, Request, Response, StatusCode};
use actix_service::Service;
use tokio::time::{Instant, sleep_until};

use crate::body::{Bounded, Came};
use crate::limits::Limits;
use crate::line::Line;

/// Has the application answer a request; answers itself where it has come too slowly, is too long, or takes too long.
pub(crate) fn handle<S, B>(
    mut request: Request,
    service: &S,
    limits: Limits,
) -> impl Future<Output = Result<Response<BoxBody>, Response<BoxBody>>> + use<S, B>
where
    S: Service<Request, Error = Response<BoxBody>>,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    // Every connection has one: it was put there when the connection came.
    let line = request.conn_data::<Rc<Line>>().cloned();
    let work = Rc::new(line.unwrap_or_else(|| Line::new(limits)).begin());
    let stated = request.headers().get(CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let too_long = stated.is_some_and(|length| length > limits.body_bytes_max);
    let came = match request.take_payload() {
        Payload::None => Came::all(&work),
        payload => {
            let came = Came::not_yet(&work);
            let bounded = Bounded {
                payload,
                left: limits.body_bytes_max,
                came: came.clone(),
            };
            *request.payload() = Payload::Stream {
                payload: Box::pin(bounded),
            };
            came
        }
    };
    let began = Instant::now();
    let answer = (!too_long).then(|| service.call(request));
    async move {
        let answered = async {
            match answer {
                None => refuse(StatusCode::PAYLOAD_TOO_LARGE),
                Some(answer) => tokio::select! {
                    answered = answer => match answered {
                        Ok(answer) => answer.into().map_into_boxed_body(),
                        Err(failed) => failed,
                    },
                    status = time_is_over(began, &came, limits) => refuse(status),
                },
            }
        };
        let mut response = answered.await;
        if !came.is_all() {
            // Nobody reads the rest.
            came.end();
            work.closes();
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        } else if response.body().size() == BodySize::Stream {
            work.streams();
        }
        Ok(response)
    }
}

/// Comes back when the body has not come in time, or the answer is not there.
async fn time_is_over(began: Instant, came: &Came, limits: Limits) -> StatusCode {
    sleep_until(began + limits.body_within).await;
    if !came.is_all() {
        return StatusCode::REQUEST_TIMEOUT;
    }
    sleep_until(began + limits.answer_within).await;
    StatusCode::SERVICE_UNAVAILABLE
}

fn refuse(status: StatusCode) -> Response<BoxBody> {
    let mut response = Response::new(status);
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}
