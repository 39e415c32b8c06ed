// Bound to the MMU in the tile's bench: no lookup that counts begins in the cycle in which its TLB is filled, where it
// would read the old entry and find it valid in the next.
module covert_mmu_checks (
  input logic clk_i,
  input logic rst_ni,
  input logic fill,
  input logic walk_i_q,
  input logic i_valid_q,
  input logic d_first_q
);

  logic i_filled_q, d_filled_q;

  always_ff @(posedge clk_i) begin
    i_filled_q <= rst_ni & fill & walk_i_q;
    d_filled_q <= rst_ni & fill & ~walk_i_q;
    // Not $fatal, which is an assertion: the benches are built without those.
    if (rst_ni & ((i_filled_q & i_valid_q) | (d_filled_q & d_first_q))) begin
      $display("a lookup beside a fill of its TLB");
      $stop;
    end
  end

endmodule

bind covert_mmu covert_mmu_checks u_checks (.*);
