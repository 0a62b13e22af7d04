//! In place of TLS, where the feature `rustls` is off: nothing that could ever be.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::time::Duration;

use crate::handler::Handler;
use crate::stream::Stream;

/// There is none.
pub(crate) type Acceptor = Infallible;

/// There is none.
#[derive(Debug)]
pub(crate) struct Tls<S>(Infallible, PhantomData<S>);

impl<S> Tls<S> {
    pub(crate) fn begin(acceptor: &Acceptor, _: S) -> io::Result<Self> {
        match *acceptor {}
    }

    pub(crate) fn is_up(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn show(&self, _: &mut impl Handler) {
        match self.0 {}
    }

    pub(crate) fn facts(&self) -> ehlo::Tls {
        match self.0 {}
    }
}

impl<S> Read for Tls<S> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl<S> Write for Tls<S> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }
    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

impl<S> Stream for Tls<S> {
    fn limit_read(&mut self, _: Duration) -> io::Result<()> {
        match self.0 {}
    }
    fn limit_write(&mut self, _: Duration) -> io::Result<()> {
        match self.0 {}
    }
    fn end(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
