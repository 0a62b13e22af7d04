//! Who is it?

use super::Refusal;
use crate::directory::{Login, Refused, Unavailable};
use crate::mailbox::Mailbox;
use crate::site::Site;
use ehlo::{Credentials, Mechanism, Reply, Secret, ServerSignature};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// How an authentication goes on.
#[derive(Debug)]
pub enum Step {
    /// The client is who it says.
    In(Login),
    /// The client is nobody in particular, with the rights of nobody.
    Anonymous,
    /// The client wants to know this salt, and this iteration count.
    Salt(Vec<u8>, u32),
    /// The client proved itself, and is owed this proof of the server's.
    Signature(ServerSignature),
}

/// Checks what a client claims. `addresses` are those that its certificate speaks for.
///
/// # Errors
///
/// `535` for what is wrong, `454` where it could not be checked, `432` and `534` where the account wants another mechanism.
pub async fn authenticate(
    site: &Site,
    addresses: &[Mailbox],
    credentials: Credentials<'_>,
) -> Result<Step, Refusal<'static>> {
    step(site, addresses, credentials).await.map_err(|reply| {
        // Each of the replies has one reason, and no log tells more of a wrong password than a client hears.
        let rule = match reply.code() {
            432 => "account.password, to be set anew",
            454 => "directory",
            504 => "auth.mechanisms",
            534 => "account.mechanisms",
            _ => "credentials",
        };
        Refusal::new(rule, reply)
    })
}

async fn step(site: &Site, addresses: &[Mailbox], credentials: Credentials<'_>) -> Result<Step, Reply<'static>> {
    let directory = &site.directory;
    match credentials {
        Credentials::Password { mechanism, authorization, user, password } => {
            let login = by_password(site, mechanism, user, password).await?;
            for_itself(login, user, authorization)
        }
        Credentials::ScramUser { mechanism, hash, user, .. } => {
            let user = directory.prepared_user(user).await.map_err(out_of_reach)?;
            let verifier = user.scram(mechanism, hash).map_err(reply)?;
            Ok(Step::Salt(verifier.salt, verifier.iterations))
        }
        Credentials::ScramProof(proof) => {
            let user = directory.prepared_user(proof.user).await.map_err(out_of_reach)?;
            let verifier = user.scram(proof.mechanism, proof.hash).map_err(reply)?;
            proof.verify(&verifier.keys()).map(Step::Signature).ok_or(Reply::auth_failed())
        }
        Credentials::Proven { mechanism, authorization, user } => {
            let proven = directory.prepared_user(user).await.map_err(out_of_reach)?;
            for_itself(proven.admit(mechanism).map_err(reply)?, user, authorization)
        }
        Credentials::CramMd5(answer) => {
            let user = directory.user(answer.user).await.map_err(out_of_reach)?;
            user.cram_md5(&answer).map(Step::In).map_err(reply)
        }
        Credentials::Bearer { mechanism, user, token, .. } => {
            directory.bearer(token.expose(), user, mechanism).await.map(Step::In).map_err(reply)
        }
        Credentials::External { authorization } => {
            directory.external(addresses, authorization).await.map(Step::In).map_err(reply)
        }
        Credentials::Anonymous { trace } => {
            tracing::info!(trace, "anonymous");
            Ok(Step::Anonymous)
        }
        _ => Err(Reply::auth_type_unrecognized()),
    }
}

async fn by_password(
    site: &Site,
    mechanism: Mechanism,
    user: &str,
    password: Secret<'_>,
) -> Result<Login, Reply<'static>> {
    let found = site.directory.user(user).await.map_err(out_of_reach)?;
    let (checked, secret) = (found.clone(), Zeroizing::new(password.expose().to_vec()));
    let Ok(_turn) = site.password_checks.acquire().await else { return Err(Reply::auth_temporary_failure()) };
    let checked = spawn_blocking(move || checked.verify(&secret)).await;
    match checked {
        Ok(Ok(true)) => found.admit(mechanism).map_err(reply),
        Ok(Ok(false)) => Err(reply(found.refused(mechanism))),
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
fn for_itself(login: Login, user: &str, authorization: &str) -> Result<Step, Reply<'static>> {
    let own = authorization.is_empty()
        || authorization == user
        || authorization.parse().is_ok_and(|address: Mailbox| address == login.address);
    if own { Ok(Step::In(login)) } else { Err(Reply::auth_failed()) }
}

const fn reply(refused: Refused) -> Reply<'static> {
    match refused {
        Refused::Credentials => Reply::auth_failed(),
        Refused::Transition => Reply::password_transition(),
        Refused::TooWeak => Reply::mechanism_too_weak(),
        Refused::Unavailable => Reply::auth_temporary_failure(),
    }
}

const fn out_of_reach(_: Unavailable) -> Reply<'static> {
    Reply::auth_temporary_failure()
}
