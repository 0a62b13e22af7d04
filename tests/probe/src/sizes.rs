//! Room for sessions with buffers of some sizes, which `check` reads from the linked program: its symbols' sizes.

use core::sync::atomic::AtomicU8;

use ehlo::Session;

macro_rules! room {
    ($($name:ident: $line:literal, $out:literal;)*) => {$(
        #[used]
        static $name: [AtomicU8; size_of::<Session<'static, $line, $out>>()] =
            [const { AtomicU8::new(0) }; size_of::<Session<'static, $line, $out>>()];
    )*};
}

room! {
    SESSION_512_512: 512, 512;
    SESSION_512_1024: 512, 1024;
    SESSION_1024_1024: 1024, 1024;
    SESSION_2048_2048: 2048, 2048;
    SESSION_12288_4096: 12288, 4096;
}
