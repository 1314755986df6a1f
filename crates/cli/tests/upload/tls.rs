//! TLS that is trusted, with HTTP/1.1 and with HTTP/2, in front of the contract server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use photofit::bigin::Failure;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::contract::Contract;
use crate::{builder, contact, prepared, run};

/// A certificate of 127.0.0.1 in PEM form, and what ends TLS with it.
pub(crate) fn identity() -> (String, rustls::ServerConfig) {
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![signed.cert.der().clone()],
            signed.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    (signed.cert.pem(), config)
}

/// Hands what comes over HTTP/2 to `contract`, request by request, over HTTP/1.1, and counts them in `requests`.
async fn translate(stream: TlsStream<TcpStream>, contract: SocketAddr, requests: Arc<AtomicUsize>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        requests.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let (head, mut incoming) = request.into_parts();
            let mut body = Vec::new();
            while let Some(data) = incoming.data().await {
                let data = data.unwrap();
                incoming.flow_control().release_capacity(data.len()).unwrap();
                body.extend_from_slice(&data);
            }
            let path = head.uri.path_and_query().unwrap();
            let mut message = format!(
                "{} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n",
                head.method,
                body.len()
            );
            for (name, value) in head.headers.iter().filter(|(name, _)| *name != "content-length") {
                message += &format!("{name}: {}\r\n", value.to_str().unwrap());
            }
            message += "\r\n";
            let mut stream = TcpStream::connect(contract).await.unwrap();
            stream.write_all(message.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
            // The server keeps connections open for the next request, of which there is none.
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            let response = http::Response::builder().status(status).body(()).unwrap();
            let mut sending = respond.send_response(response, false).unwrap();
            sending.send_data(body.to_owned().into_bytes().into(), true).unwrap();
        });
    }
}

/// Uploads three photos at a time through TLS with this protocol; the connections and the HTTP/2 requests there were.
fn upload_through(protocol: &'static str) -> (usize, usize) {
    let contract = Contract::start();
    let behind: SocketAddr = contract.url().trim_start_matches("http://").parse().unwrap();
    let (pem, mut config) = identity();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, translated) = (Arc::clone(&connections), Arc::clone(&requests));
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, translated) = (acceptor.clone(), Arc::clone(&translated));
                seen.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
                    if protocol == "h2" {
                        translate(stream, behind, translated).await;
                    } else {
                        let mut plain = TcpStream::connect(behind).await.unwrap();
                        let _closed = copy_bidirectional(&mut stream, &mut plain).await;
                    }
                });
            }
        });

        // Without the certificate there is no connection, with it there is.
        let stranger = builder(&contract).api_url(&url).build().unwrap();
        let error = stranger.upload_photo(&contact(1), &prepared(1)).await.unwrap_err();
        assert!(matches!(error.failure(), Failure::Untrusted { .. }), "{error:?}");

        let client = builder(&contract).api_url(&url).root_certificates(pem).build().unwrap();
        // The first one makes the connection that the others share where the protocol allows it.
        client.upload_photo(&contact(1), &prepared(1)).await.unwrap();
        let photos = [prepared(2), prepared(3), prepared(4)];
        let records = [contact(2), contact(3), contact(4)];
        let receipts = tokio::join!(
            client.upload_photo(&records[0], &photos[0]),
            client.upload_photo(&records[1], &photos[1]),
            client.upload_photo(&records[2], &photos[2]),
        );
        for receipt in [receipts.0, receipts.1, receipts.2] {
            assert_eq!(
                (receipt.as_ref().unwrap().attempts(), receipt.unwrap().http_status()),
                (1, 200)
            );
        }
    });
    assert_eq!(contract.state().photos.len(), 4);
    assert!(
        contract.state().complaints.is_empty(),
        "{:?}",
        contract.state().complaints
    );
    (connections.load(Ordering::Relaxed), requests.load(Ordering::Relaxed))
}

#[test]
fn http_1_goes_through_tls() {
    let (connections, requests) = upload_through("http/1.1");
    assert!(requests == 0 && connections >= 2, "{connections}");
}

#[test]
fn http_2_carries_all_uploads_on_one_connection() {
    // One was refused.
    assert_eq!(upload_through("h2"), (2, 4));
}

#[test]
fn what_is_no_certificate_is_refused() {
    let contract = Contract::start();
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nno base64 %\n-----END CERTIFICATE-----\n",
    ] {
        let error = builder(&contract).root_certificates(pem).build().unwrap_err();
        assert!(error.to_string().contains("root certificates"), "{error}");
    }
}
