//! One picture on its way from blocks to bytes, whatever the blocks come from
//! and whether the bytes are kept or counted.

use super::bits::{Bytes, Chunk, Counter, Pending, Sink, chunk};
use super::frame::Layout;
use super::group::{BlockSource, GROUP_MCUS, Group};
use super::huffman::HuffmanSpec;
use super::markers::{self, Band};
use super::progressive::{self, Components, Store};
use super::sequential::{ScanState, WriteTables, tokenise_group, write_group};
use super::tokens::Tokens;
use super::{EncodeError, EncodeOptions, Mode};
use crate::cancel::CancelToken;

/// The buffers of an encoder, kept from picture to picture.
#[derive(Debug)]
pub(crate) struct Scratch {
    group: Group,
    tokens: Tokens,
    store: Store,
    chunk: Box<Chunk>,
    pub(crate) cancel: CancelToken,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            group: Group::default(),
            tokens: Tokens::default(),
            store: Store::default(),
            chunk: Box::new(chunk()),
            cancel: CancelToken::new(),
        }
    }
}

/// A sink that can fail.
pub(crate) trait Output: Sink {
    /// Whether bytes were lost for lack of memory.
    fn is_exhausted(&self) -> bool;
}

impl Output for Bytes<'_> {
    fn is_exhausted(&self) -> bool {
        self.is_exhausted()
    }
}

impl Output for Counter {
    fn is_exhausted(&self) -> bool {
        false
    }
}

/// A picture being encoded, one row of MCUs after the other.
pub(crate) struct Picture<'a, S> {
    layout: Layout,
    options: EncodeOptions<'a>,
    scratch: &'a mut Scratch,
    sink: S,
    state: ScanState,
    tables: Box<WriteTables>,
    pending: Pending,
    row: usize,
}

/// The band of a sequential scan: everything.
const SEQUENTIAL: Band = Band {
    start: 0,
    end: 63,
    high: 0,
    low: 0,
};

impl<'a, S: Output> Picture<'a, S> {
    pub(crate) fn start(
        layout: Layout,
        options: &EncodeOptions<'a>,
        scratch: &'a mut Scratch,
        sink: S,
    ) -> Result<Self, EncodeError> {
        options.metadata.check()?;
        scratch.group.prepare(&layout)?;
        scratch.tokens.clear();
        if options.mode == Mode::Progressive {
            scratch.store.prepare(&layout)?;
        }
        let interval = options.restart.interval(layout.mcus_wide);
        let specs = typical();
        let mut this = Self {
            layout,
            options: options.clone(),
            scratch,
            sink,
            state: ScanState::new(interval),
            tables: Box::new(WriteTables::new(&specs)),
            pending: Pending::default(),
            row: 0,
        };
        this.head();
        if options.mode == Mode::Sequential {
            this.sequential_header(&specs);
        }
        Ok(this)
    }

    fn head(&mut self) {
        let progressive = self.options.mode == Mode::Progressive;
        let EncodeOptions { metadata, colour, .. } = &self.options;
        markers::start(&mut self.sink, &self.layout, metadata, *colour, progressive);
    }

    /// Huffman tables, restart interval and scan header of a sequential picture.
    fn sequential_header(&mut self, specs: &[HuffmanSpec; 4]) {
        let [dc0, dc1, ac0, ac1] = specs;
        let tables = [(0, dc0, ac0), (1, dc1, ac1)];
        for (slot, dc, ac) in tables.into_iter().take(self.layout.components.len()) {
            markers::huffman_table(&mut self.sink, 0, slot, dc);
            markers::huffman_table(&mut self.sink, 1, slot, ac);
        }
        let interval = self.options.restart.interval(self.layout.mcus_wide);
        if interval > 0 {
            markers::restart_interval(&mut self.sink, interval);
        }
        let components = self.layout.components.iter();
        let components: Vec<_> = components.map(|c| (c.id, c.huffman, c.huffman)).collect();
        markers::scan(&mut self.sink, &components, SEQUENTIAL);
    }

    /// Takes the next row of MCUs.
    pub(crate) fn push_row(&mut self, source: &impl BlockSource) -> Result<(), EncodeError> {
        let Scratch {
            group,
            tokens,
            store,
            chunk,
            ..
        } = &mut *self.scratch;
        for first in (0..self.layout.mcus_wide).step_by(GROUP_MCUS) {
            group.fill(&self.layout, source, self.row, first);
            match self.options.mode {
                Mode::Sequential => write_group(
                    group,
                    &mut self.state,
                    &self.tables,
                    &mut self.pending,
                    chunk,
                    &mut self.sink,
                ),
                Mode::Optimised => tokenise_group(group, &mut self.state, tokens),
                Mode::Progressive => store.keep(group, self.row, first),
            }
        }
        self.row += 1;
        self.check()
    }

    fn check(&self) -> Result<(), EncodeError> {
        if self.scratch.cancel.is_cancelled() {
            return Err(EncodeError::Cancelled);
        }
        if !self.state.is_in_range() {
            return Err(EncodeError::CoefficientRange);
        }
        if self.sink.is_exhausted() || self.scratch.tokens.is_exhausted() {
            return Err(EncodeError::OutOfMemory);
        }
        Ok(())
    }

    /// Writes what is left once all rows of MCUs are there.
    pub(crate) fn finish(mut self) -> Result<S, EncodeError> {
        match self.options.mode {
            Mode::Sequential => {
                self.pending.finish(&mut self.scratch.chunk, &mut self.sink);
            }
            Mode::Optimised => self.write_optimised(),
            Mode::Progressive => self.write_progressive()?,
        }
        markers::end(&mut self.sink);
        self.check()?;
        Ok(self.sink)
    }

    fn write_optimised(&mut self) {
        let specs = [0, 1, 2, 3].map(|table| self.scratch.tokens.optimal(table));
        self.sequential_header(&specs);
        let Scratch { tokens, chunk, .. } = &mut *self.scratch;
        tokens.write(specs.each_ref().map(Some), chunk, &mut self.sink);
    }

    fn write_progressive(&mut self) -> Result<(), EncodeError> {
        let mut announced = 0;
        for &scan in progressive::script(self.layout.components.len()) {
            self.scratch.tokens.clear();
            let (named, mcus_wide): (Vec<_>, _) = match scan.components {
                Components::All => (self.layout.components.iter().collect(), self.layout.mcus_wide),
                Components::Only(index) => {
                    let component = &self.layout.components[index];
                    (vec![component], component.cols)
                }
            };
            let interval = self.options.restart.interval(mcus_wide);
            let Scratch {
                tokens, store, chunk, ..
            } = &mut *self.scratch;
            if !store.tokenise(&self.layout, scan, interval, tokens) {
                return Err(EncodeError::CoefficientRange);
            }

            // Only the tables that the scan uses; refined DC values need none.
            let mut specs = [const { None }; 4];
            let dc = scan.band.start == 0;
            if !dc || scan.band.high == 0 {
                for component in &named {
                    let table = if dc { 0 } else { 2 } + component.huffman as usize;
                    if specs[table].is_none() {
                        let spec = tokens.optimal(table);
                        let class = u8::from(!dc);
                        markers::huffman_table(&mut self.sink, class, component.huffman, &spec);
                        specs[table] = Some(spec);
                    }
                }
            }
            if interval != announced {
                markers::restart_interval(&mut self.sink, interval);
                announced = interval;
            }
            let named: Vec<_> = named
                .iter()
                .map(|c| match (dc, scan.band.high) {
                    (true, 0) => (c.id, c.huffman, 0),
                    (true, _) => (c.id, 0, 0),
                    (false, _) => (c.id, 0, c.huffman),
                })
                .collect();
            markers::scan(&mut self.sink, &named, scan.band);
            tokens.write(specs.each_ref().map(Option::as_ref), chunk, &mut self.sink);
            self.check()?;
        }
        Ok(())
    }
}

fn typical() -> [HuffmanSpec; 4] {
    [
        HuffmanSpec::typical_dc(false),
        HuffmanSpec::typical_dc(true),
        HuffmanSpec::typical_ac(false),
        HuffmanSpec::typical_ac(true),
    ]
}
