//! The bridge, between a client and a web server.

use super::{Server, Webhook, json};
use std::net::SocketAddr;

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// A web server for one request, which it answers with this status; what was posted.
async fn post(listener: TcpListener, status: &str) -> Value {
    let mut stream = BufReader::new(listener.accept().await.unwrap().0);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// The bridge to a webhook.
async fn bridge(url: String) -> SocketAddr {
    let _ = ehlo_tokio::rustls::crypto::ring::default_provider().install_default();
    let webhook = Webhook::new(url).unwrap();
    let mut server = Server::new("webhook.localdomain");
    let address = server.bind("127.0.0.1:0").await.unwrap();
    tokio::spawn(server.run(move |accepted| webhook.clone().serve(accepted)));
    address
}

/// Sends a message; the code of the reply to it.
async fn send(server: SocketAddr) -> u16 {
    let message = Message::builder().from("ups@example.net".parse().unwrap()).to("ops@example.net".parse().unwrap());
    let message = message.subject("Störung").body("On battery.".to_owned()).unwrap();
    let client = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.ip().to_string());
    match client.port(server.port()).build().send(message).await {
        Ok(reply) => reply.code().into(),
        Err(error) => error.status().map(u16::from).unwrap(),
    }
}

#[tokio::test]
async fn the_webhook_decides() {
    for (status, code) in [("204 No Content", 250), ("400 Bad Request", 554), ("503 Service Unavailable", 451)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = bridge(format!("http://{}/mail", listener.local_addr().unwrap())).await;
        let (event, reply) = tokio::join!(post(listener, status), send(server));
        let expected = json!({
            "sender": "ups@example.net",
            "recipients": ["ops@example.net"],
            "subject": "Störung",
            "text": "On battery.\r\n",
        });
        assert_eq!((event, reply), (expected, code), "{status}");
    }
}

#[tokio::test]
async fn without_the_webhook_the_client_keeps_its_message() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mail", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(send(bridge(url).await).await, 451);
}
