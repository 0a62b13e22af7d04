#![doc = include_str!("own-stack.md")]

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::Session;
    use std::vec::Vec;

    /// What a session takes beside its buffers, by the width of a pointer.
    const STATE: [(usize, usize); 2] = [(64, 192), (32, 176)];
    /// And what more with `mechanisms`.
    const MECHANISMS: usize = 64;
    /// And what less without `chunking`.
    const NO_CHUNKING: usize = 32;

    /// The figures of a line of the table.
    fn figures(line: &str) -> Option<Vec<usize>> {
        line.strip_prefix("| ")?.split(" | ").take(4).map(|cell| cell.replace(',', "").parse().ok()).collect()
    }

    #[test]
    fn the_table_of_memory_is_true() {
        let rows: Vec<_> = include_str!("own-stack.md").lines().filter_map(figures).collect();
        assert!(rows.len() >= 4, "the table was not found");
        for row in rows {
            let [line, out, wide, narrow] = row[..] else { panic!("{row:?} has not four figures") };
            // The probe holds the narrow one to the truth.
            assert_eq!([wide, narrow], STATE.map(|(_, state)| line + out + state));
            #[cfg(target_pointer_width = "64")]
            {
                let more = if cfg!(feature = "mechanisms") { MECHANISMS } else { 0 };
                let size = match (line, out) {
                    (512, 1024) => size_of::<Session<'_, 512, 1024>>(),
                    (1024, 1024) => size_of::<Session<'_, 1024, 1024>>(),
                    (1024, 4096) => size_of::<Session<'_, 1024, 4096>>(),
                    (12_288, 1024) => size_of::<Session<'_, 12_288, 1024>>(),
                    (12_288, 4096) => size_of::<Session<'_, 12_288, 4096>>(),
                    other => panic!("{other:?} is not measured"),
                };
                let less = if cfg!(feature = "chunking") { 0 } else { NO_CHUNKING };
                assert_eq!(size, wide + more - less, "{line} and {out}");
            }
        }
    }
}
