//! Rows of the database, as accounts and members of lists.

use super::account::{Account, Forward, ForwardMode};
use crate::mailbox::Mailbox;
use crate::passwd;
use crate::pattern::Pattern;
use sqlx::{ColumnIndex, Decode, Error, Row, Type};
use std::str::FromStr;

/// The columns of an account, as they stand there. One that the query does not give is as one that is NULL.
#[derive(Debug, Default)]
pub(super) struct Fields {
    address: Option<String>,
    password: Option<String>,
    mechanisms: Option<String>,
    may_send_as: Option<String>,
    suspended: Option<bool>,
    refuses_mail: Option<bool>,
    accepts_from: Option<String>,
    blocked_senders: Option<String>,
    forward_to: Option<String>,
    forward_mode: Option<String>,
    quota: Option<i64>,
    hard_quota: Option<i64>,
}

impl Fields {
    /// Reads them.
    pub(super) fn read<R>(row: &R) -> Result<Self, Error>
    where
        R: Row,
        for<'c> &'c str: ColumnIndex<R>,
        for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> i32: Decode<'r, R::Database> + Type<R::Database>,
    {
        Ok(Self {
            address: column(row, "address")?,
            password: column(row, "password")?,
            mechanisms: column(row, "mechanisms")?,
            may_send_as: column(row, "may_send_as")?,
            suspended: column(row, "suspended")?,
            refuses_mail: column(row, "refuses_mail")?,
            accepts_from: column(row, "accepts_from")?,
            blocked_senders: column(row, "blocked_senders")?,
            forward_to: column(row, "forward_to")?,
            forward_mode: column(row, "forward_mode")?,
            quota: octets(row, "quota")?,
            hard_quota: octets(row, "hard_quota")?,
        })
    }

    /// What they mean.
    pub(super) fn account(self) -> Result<Account, String> {
        let address = self.address.ok_or("the column \"address\" is missing or NULL")?;
        let mode = match self.forward_mode.as_deref().unwrap_or_default() {
            "" | "forward" => ForwardMode::Forward,
            "tell" => ForwardMode::Tell,
            other => return Err(format!("forward_mode: unknown value {other:?} (forward or tell)")),
        };
        let forward_to = self.forward_to.filter(|to| !to.is_empty());
        let forward = forward_to.map(|to| one(&to, "forward_to").map(|to| Forward { to, mode })).transpose()?;
        let password = self.password.filter(|line| !line.is_empty());
        Ok(Account {
            password: password
                .map(|line| passwd::parse(&line).map_err(|what| format!("password: {what}")))
                .transpose()?,
            mechanisms: several(self.mechanisms, "mechanisms")?,
            may_send_as: several(self.may_send_as, "may_send_as")?,
            suspended: self.suspended.unwrap_or(false),
            refuses_mail: self.refuses_mail.unwrap_or(false),
            accepts_from: several(self.accepts_from, "accepts_from")?,
            blocked_senders: several(self.blocked_senders, "blocked_senders")?,
            forward,
            quota: self.quota.and_then(|quota| u64::try_from(quota).ok()),
            hard_quota: self.hard_quota.and_then(|quota| u64::try_from(quota).ok()),
            ..Account::new(one(&address, "address")?)
        })
    }
}

/// A member of a list, and whom the list takes mail from.
pub(super) fn member<R>(row: &R) -> Result<Result<(Mailbox, Vec<Pattern>), String>, Error>
where
    R: Row,
    for<'c> &'c str: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
{
    let member: Option<String> = column(row, "member")?;
    let accepts_from = several(column(row, "accepts_from")?, "accepts_from");
    let member = member.ok_or_else(|| "the column \"member\" is missing or NULL".to_owned());
    Ok(member.and_then(|member| Ok((one(&member, "member")?, accepts_from?))))
}

fn column<'r, T, R>(row: &'r R, name: &str) -> Result<Option<T>, Error>
where
    R: Row,
    for<'c> &'c str: ColumnIndex<R>,
    T: Decode<'r, R::Database> + Type<R::Database>,
{
    match row.try_get(name) {
        Err(Error::ColumnNotFound(_)) => Ok(None),
        read => read,
    }
}

/// A number of octets, in a column of 64 bits or of 32.
fn octets<'r, R>(row: &'r R, name: &str) -> Result<Option<i64>, Error>
where
    R: Row,
    for<'c> &'c str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    i32: Decode<'r, R::Database> + Type<R::Database>,
{
    column::<i64, R>(row, name).or_else(|_| Ok(column::<i32, R>(row, name)?.map(i64::from)))
}

fn one(text: &str, name: &str) -> Result<Mailbox, String> {
    text.trim().parse().map_err(|what| format!("{name}: {what}"))
}

/// The words of a text, with commas or white space between them.
fn several<T: FromStr>(text: Option<String>, name: &str) -> Result<Vec<T>, String> {
    let text = text.unwrap_or_default();
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| format!("{name}: {word:?} cannot be read"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_columns_mean() {
        let text = |text: &str| Some(text.to_owned());
        let fields = || Fields { address: text("Alice@Example.com"), ..Fields::default() };
        let bare = fields().account().unwrap();
        assert_eq!(bare.address.to_string(), "alice@example.com");
        assert!(bare.password.is_none() && bare.keeps_mail() && bare.quota.is_none());
        let whole = Fields {
            may_send_as: text("@sales.example, bob@\n@.x.example"),
            accepts_from: text(""),
            forward_to: text(" a@elsewhere.example"),
            forward_mode: text("tell"),
            quota: Some(5),
            hard_quota: Some(-1),
            mechanisms: text("PLAIN SCRAM-SHA-256"),
            ..fields()
        };
        let whole = whole.account().unwrap();
        assert_eq!((whole.may_send_as.len(), whole.accepts_from.len(), whole.mechanisms.len()), (3, 0, 2));
        assert_eq!(whole.forward.unwrap().mode, ForwardMode::Tell);
        assert_eq!((whole.quota, whole.hard_quota), (Some(5), None));
        for (wrong, what) in [
            (Fields::default(), "the column \"address\" is missing or NULL"),
            (
                Fields { address: text("alice"), ..fields() },
                "address: \"alice\" is not an address (for instance \"user@example.com\")",
            ),
            (
                Fields { password: text("secret"), ..fields() },
                "password: is not a verifier (make one with `ehlod passwd`)",
            ),
            (Fields { mechanisms: text("PLAIM"), ..fields() }, "mechanisms: \"PLAIM\" cannot be read"),
            (Fields { forward_mode: text("x"), ..fields() }, "forward_mode: unknown value \"x\" (forward or tell)"),
        ] {
            assert_eq!(wrong.account().unwrap_err(), what);
        }
    }
}
