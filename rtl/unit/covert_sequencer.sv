// Sequencer: power-on, the group's commands, and recovery. Decides on agreed commands and on detections
// only and trusts no tile: whatever the members do, a detection takes them out of the running, and a command that is
// under way is given up. A tile is out of reset exactly while its gate is open; its clock runs then and for some
// cycles before. Bulk work is the block walker's.
module covert_sequencer #(
  parameter int unsigned NTiles = 2
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              bare_i,         // strap: tile 0 alone, no image, no detections
  // commands and state of the group
  input  logic              cmd_valid_i,    // pulse
  input  logic [       7:0] cmd_i,
  input  logic [       7:0] cmd_tile_i,
  input  logic [NTiles-1:0] members_i,
  input  logic              due_i,          // no checkpoint is valid, or the attempts are used up
  output logic [NTiles-1:0] add_o,          // pulses
  output logic [NTiles-1:0] drop_o,
  output logic              resume_o,       // tiles start with RESUME
  output logic              commit_o,       // a checkpoint is committed
  output logic              invalidate_o,   // no checkpoint is valid any more
  output logic              rollback_o,
  output logic              det_valid_o,    // the detection is taken: record it
  output logic [       3:0] state_o,        // covert_pkg::Sequencer*
  output logic              busy_o,
  // detections
  input  logic              detect_i,
  output logic              ckpt_differs_o,
  output logic              ckpt_early_o,
  output logic              copy_differs_o, // COPY_OUT: the members disagree
  // block walker
  output logic              job_start_o,
  output logic [       3:0] job_o,
  output logic [NTiles-1:0] job_target_o,
  output logic              job_abort_o,
  input  logic              job_busy_i,
  input  logic              job_failed_i,
  input  logic [NTiles-1:0] job_fresh_i,    // the tile that a PRECOPY prepared
  // comparator and outlet
  output logic              freeze_o,       // release nothing new
  output logic              flush_o,        // forget what waits
  output logic              cancel_o,       // end what cannot end by itself
  input  logic              rel_valid_i,    // a transaction is in flight
  input  logic              replay_i,
  output logic              log_clear_o,
  output logic              log_rewind_o,
  // tiles and gates
  output logic [NTiles-1:0] tile_run_o,     // 0: in reset, gate in quarantine
  output logic [NTiles-1:0] tile_clk_en_o,
  input  logic [NTiles-1:0] drained_i,      // may come up to QuietCycles late
  // observers
  output logic              due_o,
  output logic              restart_o       // pulse: tiles restart after a rollback
);

  // Clocks of a tile in reset before it starts, and cycles without a release or an access under way that count as quiet
  // (more than the comparator's latency from freeze_o).
  localparam logic [3:0] ResetCycles = 4'd8;
  localparam logic [3:0] QuietCycles = 4'd4;

  typedef enum logic [3:0] {
    StBoot,       // power-on
    StLength,
    StImage,      // the image for the target, then its start
    StIdle,
    StJob,        // the block walker works; then after_q
    StJoinImage,
    StJoinPages,
    StCommit,
    StCopied,     // COPY_OUT: whether all of it was equal
    StDropped,
    StStart,      // the target's clock runs in reset
    StMeet,       // no transaction is in flight: the target starts
    StDrain,
    StJudge,
    StRestore,
    StDue
  } state_e;

  state_e              state_q, state_d;
  state_e              after_q, after_d;    // state when the job is done
  logic   [       3:0] phase_q, phase_d;    // what software sees of the state
  logic   [NTiles-1:0] target_q, target_d;
  logic   [NTiles-1:0] run_q, run_d;
  logic   [       3:0] count_q, count_d;

  logic   [NTiles-1:0] named;               // the tile that the command names, if there is one
  logic   [NTiles-1:0] lowest, rest;
  logic                several;             // more than one member
  logic                recovering;          // members are out of the running
  logic                take_det;
  logic                to_job;

  always_comb begin
    named = '0;
    for (int unsigned i = 0; i < NTiles; i++) named[i] = cmd_tile_i == 8'(i);
  end

  assign lowest  = members_i & (~members_i + NTiles'(1));
  assign several = (members_i & ~lowest) != '0;
  assign rest    = members_i & ~named;

  assign recovering = (phase_q == covert_pkg::SequencerDrain) | (phase_q == covert_pkg::SequencerReload) |
      (phase_q == covert_pkg::SequencerRestore) | (phase_q == covert_pkg::SequencerDue);
  assign take_det = detect_i & ~recovering & (phase_q != covert_pkg::SequencerPowerOn) & ~bare_i;

  // FT: nothing new leaves from the cycle after a detection on, and nothing waits when the tiles restart.
  assign freeze_o    = recovering | (state_q == StMeet);
  assign flush_o     = recovering;
  assign cancel_o    = (phase_q == covert_pkg::SequencerDrain);
  assign job_abort_o = (phase_q == covert_pkg::SequencerDrain);

  assign ckpt_differs_o = (state_q == StCommit) & job_failed_i;
  assign copy_differs_o = (state_q == StCopied) & job_failed_i;
  assign ckpt_early_o   = (state_q == StIdle) & cmd_valid_i & (cmd_i == covert_pkg::CommandCheckpoint) & several &
      replay_i;

  always_comb begin
    state_d      = state_q;
    after_d      = after_q;
    phase_d      = phase_q;
    target_d     = target_q;
    run_d        = run_q;
    count_d      = count_q;
    add_o        = '0;
    drop_o       = '0;
    resume_o     = 1'b0;
    restart_o    = 1'b0;
    commit_o     = 1'b0;
    invalidate_o = 1'b0;
    rollback_o   = 1'b0;
    log_rewind_o = 1'b0;
    to_job       = 1'b0;
    job_o        = covert_unit_pkg::JobClear;

    unique case (state_q)
      StBoot: begin
        to_job   = 1'b1;
        after_d  = bare_i ? StStart : StLength;
        target_d = NTiles'(1);
        count_d  = '0;
      end
      StLength: begin
        to_job  = 1'b1;
        job_o   = covert_unit_pkg::JobLength;
        after_d = StImage;
      end
      StImage, StJoinImage: begin
        to_job  = 1'b1;
        job_o   = covert_unit_pkg::JobImage;
        after_d = (state_q == StJoinImage) ? StJoinPages : StStart;
        if (phase_q == covert_pkg::SequencerReload) after_d = StRestore;
      end
      StJob: if (!job_busy_i) begin
        state_d = after_q;
        count_d = '0;
        if (after_q == StIdle) phase_d = covert_pkg::SequencerIdle;
      end

      StIdle: if (cmd_valid_i) begin
        unique case (cmd_i)
          covert_pkg::CommandLoad: begin
            to_job  = 1'b1;
            job_o   = covert_unit_pkg::JobLoad;
            after_d = StIdle;
          end
          covert_pkg::CommandCopyIn: begin
            to_job  = 1'b1;
            job_o   = covert_unit_pkg::JobCopyIn;
            after_d = StIdle;
          end
          covert_pkg::CommandCopyOut: begin
            to_job  = 1'b1;
            job_o   = covert_unit_pkg::JobCopyOut;
            after_d = StCopied;
          end
          covert_pkg::CommandPrecopy: if ((named & ~members_i) != '0) begin
            to_job   = 1'b1;
            job_o    = covert_unit_pkg::JobPrecopy;
            after_d  = StIdle;
            target_d = named;
          end
          covert_pkg::CommandJoin: if ((named & ~members_i) != '0) begin
            target_d = named;
            phase_d  = covert_pkg::SequencerCommand;
            state_d  = StJoinImage;
            if (job_fresh_i != named) begin
              to_job  = 1'b1;
              job_o   = covert_unit_pkg::JobPrecopy;
              after_d = StJoinImage;
            end
          end
          covert_pkg::CommandCheckpoint: if (several && !replay_i) begin
            to_job  = 1'b1;
            job_o   = covert_unit_pkg::JobCheckpoint;
            after_d = StCommit;
          end
          covert_pkg::CommandDrop: if ((named & members_i) != '0 && several) begin
            drop_o       = named;
            run_d        = run_q & ~named;
            invalidate_o = (rest & (rest - NTiles'(1))) == '0;
            phase_d      = covert_pkg::SequencerCommand;
            state_d      = StDropped;
            count_d      = '0;
          end
          default: ;
        endcase
        if (to_job) phase_d = covert_pkg::SequencerCommand;
      end
      StJoinPages: begin
        to_job  = 1'b1;
        job_o   = covert_unit_pkg::JobJoin;
        after_d = StStart;
      end
      // FT: slot, validity, log and attempts change in this one cycle, or none of them.
      StCommit: begin
        commit_o = ~job_failed_i;
        state_d  = StIdle;
        phase_d  = covert_pkg::SequencerIdle;
      end
      StCopied: begin
        state_d = StIdle;
        phase_d = covert_pkg::SequencerIdle;
      end
      StDropped: begin
        count_d = ((drained_i | run_q) == '1) ? count_q + 4'd1 : 4'd0;
        if (count_q == QuietCycles) begin
          state_d = StIdle;
          phase_d = covert_pkg::SequencerIdle;
        end
      end

      StStart: begin
        if (count_q != ResetCycles) count_d = count_q + 4'd1;
        else if ((target_q & ~drained_i) == '0) begin
          state_d = StMeet;
          count_d = '0;
        end
      end
      StMeet: begin
        count_d = rel_valid_i ? 4'd0 : count_q + 4'd1;
        if (count_q == QuietCycles && !rel_valid_i) begin
          add_o     = target_q;
          run_d     = run_q | target_q;
          resume_o  = phase_q != covert_pkg::SequencerPowerOn;
          restart_o = recovering;
          state_d   = StIdle;
          phase_d   = covert_pkg::SequencerIdle;
        end
      end

      StDrain: begin
        count_d = (rel_valid_i | job_busy_i | ((members_i & ~drained_i) != '0)) ? 4'd0 : count_q + 4'd1;
        if (count_q == QuietCycles) state_d = StJudge;
      end
      StJudge: begin
        target_d = members_i;
        if (due_i) begin
          state_d = StDue;
          phase_d = covert_pkg::SequencerDue;
        end else begin
          rollback_o = 1'b1;
          phase_d    = covert_pkg::SequencerReload;
          state_d    = StImage;
        end
      end
      StRestore: begin
        to_job       = 1'b1;
        job_o        = covert_unit_pkg::JobRestore;
        after_d      = StStart;
        log_rewind_o = 1'b1;
        phase_d      = covert_pkg::SequencerRestore;
      end
      default: ;  // StDue
    endcase

    if (to_job) state_d = StJob;

    if (take_det) begin
      state_d      = StDrain;
      phase_d      = covert_pkg::SequencerDrain;
      run_d        = '0;
      count_d      = '0;
      add_o        = '0;
      drop_o       = '0;
      resume_o     = 1'b0;
      commit_o     = 1'b0;
      invalidate_o = 1'b0;
      to_job       = 1'b0;
    end
  end

  assign det_valid_o   = take_det;
  assign job_start_o   = to_job;
  assign job_target_o  = target_q;
  assign log_clear_o   = commit_o | invalidate_o;
  assign state_o       = phase_q;
  assign busy_o        = phase_q != covert_pkg::SequencerIdle;
  assign due_o         = phase_q == covert_pkg::SequencerDue;
  assign tile_run_o    = run_q;
  assign tile_clk_en_o = run_q | (target_q & {NTiles{(state_q == StStart) | (state_q == StMeet)}});

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q  <= StBoot;
      after_q  <= StIdle;
      phase_q  <= covert_pkg::SequencerPowerOn;
      target_q <= '0;
      run_q    <= '0;
      count_q  <= '0;
    end else begin
      state_q  <= state_d;
      after_q  <= after_d;
      phase_q  <= phase_d;
      target_q <= target_d;
      run_q    <= run_d;
      count_q  <= count_d;
    end
  end

endmodule
