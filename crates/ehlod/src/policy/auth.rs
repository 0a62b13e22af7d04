//! Who is it?

use crate::directory::Login;
use crate::site::Site;
use ehlo::{Credentials, Reply};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Checks what a client claims.
///
/// # Errors
///
/// `535` for what is wrong, `454` where it could not be checked.
pub async fn authenticate(site: &Site, credentials: Credentials<'_>) -> Result<Login, Reply<'static>> {
    let (authorization, user, password) = match credentials {
        Credentials::Password { authorization, user, password } => (authorization, user, password),
        // The configuration offers no mechanism that says anything else.
        _ => return Err(Reply::auth_type_unrecognized()),
    };
    let directory = site.directory.clone();
    let (name, secret) = (user.to_owned(), Zeroizing::new(password.expose().to_vec()));
    let Ok(_turn) = site.password_checks.acquire().await else { return Err(Reply::auth_temporary_failure()) };
    let checked = spawn_blocking(move || directory.verify(&name, &secret)).await;
    match checked {
        Ok(Ok(Some(login))) if acts_as_itself(&login, user, authorization) => Ok(login),
        Ok(Ok(_)) => Err(Reply::auth_failed()),
        Ok(Err(error)) => {
            tracing::error!(user, %error, "authentication failed for a fault of the server");
            Err(Reply::auth_temporary_failure())
        }
        Err(error) => {
            tracing::error!(user, %error, "authentication failed for a fault of the server");
            Err(Reply::auth_temporary_failure())
        }
    }
}

/// Whether the identity to act as (RFC 4616 2) is the client's own: nobody acts for another here.
fn acts_as_itself(login: &Login, user: &str, authorization: &str) -> bool {
    authorization.is_empty()
        || authorization == user
        || authorization.parse().is_ok_and(|address: crate::mailbox::Mailbox| address == login.address)
}
