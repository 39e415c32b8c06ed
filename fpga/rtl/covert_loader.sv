// Loader of a board: brings main memory into the state in which the chip expects it at power-on, then lets the chip go.
// All of memory becomes zero. Then the boot region is filled: the VMM's firmware from block RAM, the boot descriptor and
// the guest's segments from the card or the serial line, both in the format of covert_abi::card, and the CRC-32 of the
// whole is taken from memory itself. What is wrong is said on the serial line, which is waited for from then on.
//
// On the serial line: `C` twice a second: a card's image may be sent; `K`: it is good, the chip starts; `E` and a digit
// (covert_abi::card): it is not.
module covert_loader #(
  parameter int unsigned ClockHz     = 50_000_000,
  parameter int unsigned MemoryWords = 8 << 20,
  parameter int unsigned BootBytes   = 8 << 20,  // of the boot region that are there
  parameter int unsigned RomWords    = 1024,     // of the firmware, a multiple of 1024
  // verilog_lint: waive explicit-parameter-storage-type (a string, which not every tool has as a type)
  parameter              RomFile     = "firmware.hex"  // its words in hexadecimal
) (
  input  logic        clk_i,
  input  logic        rst_ni,           // synchronous
  input  logic        from_serial_i,    // level, taken when memory is zero: do not look at the card
  // memory channel, the rules of covert_chip; answers to writes are counted only
  output logic        mem_req_valid_o,
  input  logic        mem_req_ready_i,
  output logic [31:0] mem_req_addr_o,   // byte offset in the boot region, or in all of memory
  output logic        mem_req_whole_o,  // in all of memory
  output logic        mem_req_we_o,
  output logic [31:0] mem_req_wdata_o,
  output logic        mem_req_more_o,
  input  logic        mem_rsp_valid_i,
  input  logic [31:0] mem_rsp_data_i,
  // card: reads into the boot region
  output logic        blk_start_o,      // pulse; the fields stay until blk_done_i
  output logic [31:0] blk_sector_o,
  output logic [11:0] blk_count_o,
  output logic [31:0] blk_addr_o,       // byte offset in the boot region
  input  logic        blk_done_i,       // pulse
  input  logic        blk_failed_i,     // with it
  input  logic        blk_settled_i,    // level: the search for a card is over
  input  logic        blk_present_i,    // level: there is a card
  // serial line
  input  logic        rx_valid_i,       // pulse
  input  logic [ 7:0] rx_data_i,
  output logic        tx_valid_o,
  input  logic        tx_ready_i,
  output logic [ 7:0] tx_data_o,
  // outcome
  output logic        done_o,           // level: memory is ready, and with it what follows
  output logic        waiting_o,        // level: an image must come over the serial line
  output logic [ 2:0] mode_o,           // covert_pkg::Mode*
  output logic [31:0] disk_first_o,     // sector of the card at which the guest's disk begins
  output logic [31:0] disk_sectors_o    // 0: there is none
);

  localparam int unsigned PageWords = 1024;
  localparam int unsigned SectorWords = 128;
  localparam int unsigned HeaderWords = 8;
  localparam int unsigned ImageBytes = 4 * (PageWords + RomWords);
  localparam logic [31:0] MaxPayload = 32'((BootBytes - ImageBytes) / 512);  // sectors
  localparam logic [2:0] MaxOutstanding = 3'd6;
  localparam int unsigned HalfSecond = ClockHz / 2;
  localparam int unsigned TimeBits = $clog2(HalfSecond);

  typedef enum logic [3:0] {
    StZero,     // all of memory
    StSource,   // card or serial line, whose header comes first
    StFetch,    // sectors from there; then after_q
    StCard,     // the card works
    StHeader,   // the header's words
    StPayload,
    StRom,
    StCheck,
    StDrain,    // no request is under way; then after_q
    StDone
  } state_e;

  state_e         state_q, after_q;
  logic           serial_q;       // the source
  logic           fresh_q;        // nothing of this image has come over the serial line
  logic [   24:0] word_q;         // next word, in the boot region or in all of memory
  logic [   24:0] left_q;         // words to do behind it, it included
  logic [    2:0] out_q;          // requests not yet answered
  logic [   31:0] sector_q;       // next one of the card
  logic [   11:0] count_q;
  logic [    2:0] head_q;         // words of the header seen
  logic [   31:0] check_q, want_q;
  logic [   17:0] payload_q;      // sectors of segments
  logic [    2:0] mode_q;
  logic [   31:0] disk_first_q, disk_sectors_q;
  logic [    3:0] error_q;        // what is wrong with the header

  // ---------------------------------------------------------------- firmware
  localparam int unsigned RomBits = $clog2(RomWords);
  logic [31:0] rom[RomWords];
  logic [31:0] rom_q;
  logic        rom_valid_q;
  initial $readmemh(RomFile, rom);

  // ---------------------------------------------------------------- CRC-32, as in IEEE 802.3, a word at a time
  function automatic logic [31:0] crc(input logic [31:0] start, input logic [31:0] data);
    crc = start ^ data;
    for (int unsigned k = 0; k < 32; k++) crc = crc[0] ? (crc >> 1) ^ 32'hEDB8_8320 : crc >> 1;
  endfunction

  // ---------------------------------------------------------------- bytes of the serial line become words
  logic [ 1:0] byte_q;
  logic [31:0] bytes_q;
  logic        full_q;            // four have come and wait for memory

  // ---------------------------------------------------------------- memory
  logic accept, writes, reads, last;

  always_comb begin
    writes          = 1'b0;
    reads           = 1'b0;
    mem_req_wdata_o = '0;
    unique case (state_q)
      StZero:  writes = 1'b1;
      StFetch: begin
        writes          = serial_q & full_q;
        mem_req_wdata_o = bytes_q;
      end
      StRom: begin
        writes          = rom_valid_q;
        mem_req_wdata_o = rom_q;
      end
      StHeader, StCheck: reads = left_q != '0;
      default: ;
    endcase
  end
  assign mem_req_valid_o = (writes | reads) & (out_q < MaxOutstanding);
  assign mem_req_we_o    = writes;
  assign mem_req_addr_o  = {5'd0, word_q, 2'b00};
  assign mem_req_whole_o = state_q == StZero;
  assign mem_req_more_o  = 1'b0;
  assign accept          = mem_req_valid_o & mem_req_ready_i;
  assign last            = left_q == 25'd1;

  // ---------------------------------------------------------------- messages: an error's two characters, or one
  logic [TimeBits-1:0] time_q;
  logic [         1:0] stall_q;   // half seconds without a byte
  logic [         1:0] say_q;     // characters to go
  logic [         7:0] say_first_q, say_second_q;

  logic tick, checked, done_q;

  assign tick       = time_q == TimeBits'(HalfSecond - 1);
  assign checked    = (left_q == '0) & (out_q == 3'd0);  // in StCheck: all of it has been read
  assign tx_valid_o = say_q != 2'd0;
  assign tx_data_o  = (say_q == 2'd2) ? say_first_q : say_second_q;

  assign done_o         = done_q;  // a register's: it goes far
  assign waiting_o      = (state_q == StFetch) & serial_q & fresh_q;
  assign mode_o         = mode_q;
  assign disk_first_o   = disk_first_q;
  assign disk_sectors_o = disk_sectors_q;

  assign blk_sector_o = sector_q;
  assign blk_count_o  = count_q;
  assign blk_addr_o   = {5'd0, word_q, 2'b00};

  // ---------------------------------------------------------------- what is wrong with an image
  logic       fail;
  logic [3:0] why;

  always_comb begin
    fail = 1'b0;
    why  = error_q;
    unique case (state_q)
      StFetch: begin
        fail = serial_q & ~fresh_q & (left_q != '0) & tick & (stall_q == 2'd3);
        why  = covert_pkg::CardErrorStall;
      end
      StCard: begin
        fail = blk_done_i & blk_failed_i;
        why  = covert_pkg::CardErrorCard;
      end
      StHeader: fail = mem_rsp_valid_i & (head_q == 3'(HeaderWords - 1)) & (error_q != '0);
      StCheck: begin
        fail = checked & (~check_q != want_q);
        why  = covert_pkg::CardErrorCheck;
      end
      default: ;
    endcase
  end

  always_ff @(posedge clk_i) begin
    blk_start_o <= 1'b0;

    out_q <= out_q + 3'(accept) - 3'(mem_rsp_valid_i);
    if (accept) begin
      word_q <= word_q + 25'd1;
      left_q <= left_q - 25'd1;
    end
    if (rx_valid_i) begin
      bytes_q <= {rx_data_i, bytes_q[31:8]};
      byte_q  <= byte_q + 2'd1;
      full_q  <= byte_q == 2'd3;
      fresh_q <= 1'b0;
      stall_q <= 2'd0;
      time_q  <= '0;
    end else begin
      if (accept && state_q == StFetch) full_q <= 1'b0;
      time_q <= tick ? '0 : time_q + TimeBits'(1);
      if (tick) stall_q <= stall_q + 2'd1;
    end
    if (tx_valid_o && tx_ready_i) say_q <= say_q - 2'd1;
    done_q <= (state_q == StDone) & ~tx_valid_o;

    rom_valid_q <= (state_q == StRom) & ~accept;
    rom_q       <= rom[RomBits'(word_q-25'(PageWords))];
    if ((state_q == StCheck) && mem_rsp_valid_i) check_q <= crc(check_q, mem_rsp_data_i);

    unique case (state_q)
      StZero: if (accept && last) begin
        state_q <= StDrain;
        after_q <= StRom;
      end

      // Behind the descriptor's page; the word that is asked for is there in the next cycle.
      StRom: if (accept && last) begin
        state_q <= StDrain;
        after_q <= StSource;
      end

      // The header is the first sector of the card, and of what is sent. The serial line must have been silent,
      // and what is said about the last image must have gone out.
      StSource: begin
        word_q   <= '0;
        left_q   <= 25'(SectorWords);
        sector_q <= '0;
        byte_q   <= '0;
        full_q   <= 1'b0;
        if (!serial_q) begin
          if (from_serial_i || (blk_settled_i && !blk_present_i)) begin
            serial_q <= 1'b1;
          end else if (blk_settled_i) begin
            state_q <= StFetch;
            after_q <= StHeader;
          end
        end else if (tick && !rx_valid_i && !tx_valid_o) begin
          fresh_q      <= 1'b1;
          say_q        <= 2'd1;
          say_second_q <= covert_pkg::CardSaysWaiting;
          state_q      <= StFetch;
          after_q      <= StHeader;
        end
      end

      StFetch: if (left_q == '0) begin
        state_q <= StDrain;
      end else if (!serial_q) begin
        // At most 2048 sectors in a command.
        count_q     <= (left_q[24:7] > 18'd2048) ? 12'd2048 : left_q[18:7];
        blk_start_o <= 1'b1;
        state_q     <= StCard;
      end else if (tick && fresh_q && !rx_valid_i) begin
        say_q        <= 2'd1;
        say_second_q <= covert_pkg::CardSaysWaiting;
      end

      StCard: if (blk_done_i) begin
        sector_q <= sector_q + 32'(count_q);
        word_q   <= word_q + {6'd0, count_q, 7'd0};
        left_q   <= left_q - {6'd0, count_q, 7'd0};
        state_q  <= StFetch;
      end

      // The first thing that is wrong counts.
      StHeader: if (mem_rsp_valid_i) begin
        head_q <= head_q + 3'd1;
        unique case (head_q)
          3'(covert_pkg::CardMagicWord), 3'(covert_pkg::CardVersionWord): begin
            if (mem_rsp_data_i != (head_q[0] ? covert_pkg::CardVersion : covert_pkg::CardMagic)) begin
              error_q <= covert_pkg::CardErrorImage;
            end
          end
          3'(covert_pkg::CardImageWord): begin
            if (error_q == '0 && mem_rsp_data_i != 32'(ImageBytes)) error_q <= covert_pkg::CardErrorFirmware;
          end
          3'(covert_pkg::CardPayloadWord): begin
            payload_q <= mem_rsp_data_i[17:0];
            if (error_q == '0 && mem_rsp_data_i > MaxPayload) error_q <= covert_pkg::CardErrorSize;
          end
          3'(covert_pkg::CardCheckWord):     want_q <= mem_rsp_data_i;
          3'(covert_pkg::CardModeWord):      mode_q <= mem_rsp_data_i[2:0];
          3'(covert_pkg::CardDiskFirstWord): disk_first_q <= mem_rsp_data_i;
          default: begin  // CardDiskSectorsWord, the last
            disk_sectors_q <= mem_rsp_data_i;
            word_q         <= '0;
            left_q         <= 25'(PageWords);
            state_q        <= StFetch;
            after_q        <= StPayload;
          end
        endcase
      end

      StPayload: begin
        word_q  <= 25'(ImageBytes / 4);
        left_q  <= {payload_q, 7'd0};
        state_q <= StFetch;
        after_q <= StCheck;
      end

      StCheck: if (checked && !fail) begin
        say_q        <= 2'd1;
        say_second_q <= covert_pkg::CardSaysGood;
        state_q      <= StDone;
      end

      StDrain: if (out_q == 3'd0) begin
        state_q <= after_q;
        head_q  <= '0;
        error_q <= '0;
        check_q <= '1;
        unique case (after_q)
          StRom: begin
            word_q <= 25'(PageWords);
            left_q <= 25'(RomWords);
          end
          StHeader: begin
            word_q <= '0;
            left_q <= 25'(HeaderWords);
          end
          StCheck: begin
            word_q <= '0;
            left_q <= 25'(ImageBytes / 4) + {payload_q, 7'd0};
          end
          default: ;
        endcase
      end

      default: ;  // StDone
    endcase

    if (fail) begin
      say_q        <= 2'd2;
      say_first_q  <= covert_pkg::CardSaysError;
      say_second_q <= 8'h30 + 8'(why);
      serial_q     <= 1'b1;
      state_q      <= StDrain;
      after_q      <= StSource;
    end

    if (!rst_ni) begin
      state_q  <= StZero;
      after_q  <= StSource;
      serial_q <= 1'b0;
      word_q   <= '0;
      left_q   <= 25'(MemoryWords);
      out_q    <= '0;
      head_q   <= '0;
      say_q    <= '0;
      time_q   <= '0;
      mode_q   <= '0;
      full_q   <= 1'b0;
      done_q   <= 1'b0;
      blk_start_o    <= 1'b0;
      disk_sectors_q <= '0;
    end
  end

endmodule
