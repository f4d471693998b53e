//! HTTP clients for demographics and paging.

use std::time::Duration;

/// A client without redirects, retries or a proxy from the environment: requests go to the written
/// address, once.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // reqwest panics without a process-wide provider; where main has installed one, this does nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()
}
