//! The bridge to the C++ side (`cpp/chip.h`).

#[cxx::bridge(namespace = "covert")]
pub(crate) mod bridge {
    /// What is fixed when a chip is made.
    struct Setup {
        tiles: u32,
        fault: bool,
        bare: bool,
        boot_address: u32,
        host_page_on: bool,
        host_page: u32,
        memory_bytes: usize,
        latency_min: u32,
        latency_max: u32,
        sdram: bool,
        idle_skip: bool,
        io_region: u32,
        io_bytes: u32,
        seed: u64,
    }

    /// Something the observer ports showed.
    struct Event {
        cycle: u64,
        kind: u32,
        a: u32,
        b: u32,
    }

    /// A register or a memory of the model.
    struct Variable {
        path: String,
        width: u32,
        words: u32,
    }

    /// Sums over the run.
    struct Counters {
        epochs: u64,
        checkpoints: u64,
        busy_cycles: u64,
        instructions: [u64; 4],
        spent: [u64; 32],
        members: u32,
    }

    /// A command of the I/O controller that waits for the host.
    struct BlockCommandSeen {
        op: u32,
        sector: u64,
        count: u32,
        offset: u32,
        cycle: u64,
    }

    /// A retired instruction; or an interrupt, of which only the tile is known.
    struct InstructionSeen {
        tile: u32,
        interrupt: bool,
        pc: u32,
        insn: u32,
        mode: u32,
        trap: bool,
        rd: u32,
        rd_value: u32,
        address: u32,
        read_mask: u32,
        write_mask: u32,
        written: u32,
        next_pc: u32,
    }

    /// Sums of a memory channel.
    struct ChannelCounters {
        words: u64,
        bursts: u64,
        waited: u64,
    }

    unsafe extern "C++" {
        include!("chip.h");

        type Chip;

        fn new_chip(setup: &Setup) -> Result<UniquePtr<Chip>>;
        fn run(self: Pin<&mut Chip>, until: u64) -> Result<u32>;
        fn run_to_instruction(self: Pin<&mut Chip>, until: u64) -> Result<u32>;
        fn instruction(&self) -> InstructionSeen;
        fn cycle(&self) -> u64;
        fn exit_code(&self) -> u32;
        fn counters(&self) -> Counters;
        fn take_events(self: Pin<&mut Chip>) -> Vec<Event>;
        fn set_mode(self: Pin<&mut Chip>, mode: u32);
        fn set_htif(self: Pin<&mut Chip>, tohost: u32, fromhost: u32);
        fn feed_console(self: Pin<&mut Chip>, bytes: &[u8]);
        fn close_console(self: Pin<&mut Chip>);
        fn console_backlog(&self) -> usize;
        fn console(&self) -> &[u8];
        fn clear_console(self: Pin<&mut Chip>);
        fn set_disk(self: Pin<&mut Chip>, sectors: u64, read_only: bool);
        fn set_network(self: Pin<&mut Chip>, mac: u64);
        fn block_pending(&self) -> bool;
        fn block_command(&self) -> BlockCommandSeen;
        fn complete_block(self: Pin<&mut Chip>, failed: bool, at_cycle: u64);
        fn frames_sent(&self) -> usize;
        fn take_frame(self: Pin<&mut Chip>) -> Vec<u8>;
        fn offer_frame(self: Pin<&mut Chip>, frame: &[u8]) -> bool;
        fn skipped_cycles(&self) -> u64;
        fn channel_counters(&self, channel: u32) -> ChannelCounters;
        fn memory_size(&self) -> usize;
        fn read_memory(&self, address: u32, into: &mut [u8]) -> Result<()>;
        fn write_memory(self: Pin<&mut Chip>, address: u32, bytes: &[u8]) -> Result<()>;
        fn variables(&self) -> Vec<Variable>;
        fn bit(&self, variable: u32, word: u32, bit: u32) -> Result<bool>;
        fn word(&self, variable: u32, word: u32) -> Result<[u32; 4]>;
        fn flip(self: Pin<&mut Chip>, variable: u32, word: u32, bit: u32) -> Result<()>;
        fn force(
            self: Pin<&mut Chip>,
            variable: u32,
            word: u32,
            bit: u32,
            value: bool,
        ) -> Result<()>;
        fn track_changes(self: Pin<&mut Chip>);
        fn differing(&self, other: &Chip) -> Result<Vec<u32>>;
        fn keep_written(self: Pin<&mut Chip>);
        fn take_written(self: Pin<&mut Chip>) -> Vec<u32>;
        fn digest(&self) -> [u64; 2];
        fn record_instructions(self: Pin<&mut Chip>, on: bool) -> Result<()>;
        fn instructions(&self) -> &[u8];
        fn clear_instructions(self: Pin<&mut Chip>);
        fn open_trace(self: Pin<&mut Chip>, path: &str) -> Result<()>;
        fn close_trace(self: Pin<&mut Chip>);
    }
}
