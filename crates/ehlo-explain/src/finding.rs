//! What is told of a reply.

use crate::data::Note;
use std::fmt;

/// A reply that was found, and what it means.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The reply as it was found, without what stood around it. Control characters have become blanks; a reply of several lines keeps them.
    pub reply: String,
    /// The reply code (RFC 5321 section 4.2), where there is one.
    pub code: Option<u16>,
    /// The enhanced status code (RFC 3463), where there is one.
    pub enhanced: Option<Enhanced>,
    /// The row of ehlo's catalogue or the field case that it is.
    pub id: Option<&'static str>,
    /// Whether it failed, and for how long.
    pub class: Class,
    /// Whose fault it is: with whom the cause lies. With nobody where nothing failed, or nobody is to blame.
    pub fault: Act,
    /// Who has to act.
    pub act: Act,
    /// Whether trying again helps.
    pub retry: Retry,
    /// Where it is written up what the reply means.
    pub source: &'static str,
    pub(crate) note: &'static Note,
}

impl Finding {
    /// What the reply means.
    #[must_use]
    pub fn meaning(&self, lang: Lang) -> &'static str {
        self.note.meaning(lang)
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self, lang: Lang) -> &'static str {
        self.note.remedy(lang)
    }
}

/// An enhanced status code (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u16,
    /// What it is about.
    pub subject: u16,
    /// What about that.
    pub detail: u16,
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A language to explain in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    /// The language of a locale such as `zh_CN.UTF-8`: Chinese where it begins with `zh`, else English.
    ///
    /// ```
    /// use ehlo_explain::Lang;
    ///
    /// assert_eq!(Lang::of_locale("zh_CN.UTF-8"), Lang::Zh);
    /// assert_eq!(Lang::of_locale("de_AT"), Lang::En);
    /// ```
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") { Self::Zh } else { Self::En }
    }
}

/// Makes an enumeration whose values have a name for programs and one in each language.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident $program:literal $en:literal $zh:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $value,)+
        }

        impl $name {
            /// The name for programs, which stays as it is.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $program,)+
                }
            }

            /// The name for people.
            #[must_use]
            pub const fn text(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$value, Lang::En) => $en, (Self::$value, Lang::Zh) => $zh,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// Whether it failed, and for how long.
    Class {
        /// It went well, or goes on.
        Success "success" "success" "成功",
        /// It failed for now.
        Temporary "temporary" "temporary failure" "暂时失败",
        /// It failed for good.
        Permanent "permanent" "permanent failure" "永久失败",
    }
}

named! {
    /// Who has to act, or with whom the cause lies.
    Act {
        /// Whoever wrote the message.
        Sender "sender" "the sender" "发件人",
        /// The administrator of the sending server, its addresses and its domain.
        SenderAdmin "sender-admin" "the administrator of the sending side" "发件方管理员",
        /// Whom it was written to.
        Recipient "recipient" "the recipient" "收件人",
        /// The administrator of the receiving server.
        RecipientAdmin "recipient-admin" "the administrator of the receiving side" "收件方管理员",
        /// Neither: the path between the two.
        Network "network" "the network between the two" "双方之间的网络",
        /// Nobody: it goes on by itself, or nobody is to blame.
        Nobody "nobody" "nobody" "无",
    }
}

named! {
    /// Whether trying again helps.
    Retry {
        /// It does not, or there is nothing to try again.
        No "no" "no" "否",
        /// Later; queues do so by themselves.
        Later "yes, later" "yes, later" "是,稍后重试",
        /// After the time that the other side wants to see pass.
        AfterTime "yes, after the time named" "yes, after the time named" "是,待规定的时间过后重试",
        /// Once the cause has been mended.
        AfterFix "after the fix" "after the fix" "排除原因后重试",
        /// By another path.
        OtherPath "by another path" "by another path" "改走其他路径",
    }
}
