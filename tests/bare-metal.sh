# Sourced by what builds for a microcontroller: sets `board`, and `cargo` and `std`, so that
# "${cargo[@]}" build --target "$board" "${std[@]}" works.
#
# The target's library comes by rustup. Where rustup cannot get it, it is built from source: by Debian's compiler for browsers, which has
# the library's source with it (1.96 in bookworm's security archive; the 1.85 of bookworm itself is too old for smoltcp, which asks for 1.91),
# and where that cannot be had by the nightly toolchain.

board=thumbv7m-none-eabi
cargo=(cargo)
std=()

# Installs Debian's compiler where it is not there. Says no where it is too old.
debians_compiler() {
    local minor
    if [[ ! -x /usr/bin/rustc || ! -x /usr/bin/cargo || ! -d /usr/lib/rustlib/src/rust/library || ! -x /usr/bin/ld.lld ]]; then
        apt-get update --quiet --quiet
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
            rustc-web rust-web-src cargo-web lld || return
    fi
    minor=$(/usr/bin/rustc --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    ((${minor:-0} >= 91)) || {
        echo "Debian's compiler is too old: $(/usr/bin/rustc --version), and 1.91 is asked for"
        return 1
    }
}

if ! { [[ -d $(rustc --print sysroot)/lib/rustlib/$board ]] || rustup target add "$board"; } >&2; then
    echo "no library for $board to be had: building it from source" >&2
    std=(-Z build-std=core)
    if debians_compiler >&2; then
        cargo=(env "PATH=/usr/bin:$PATH" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_THUMBV7M_NONE_EABI_LINKER=ld.lld
            /usr/bin/cargo)
    else
        rustup component add rust-src --toolchain nightly >&2
        cargo=(cargo +nightly)
    fi
fi
