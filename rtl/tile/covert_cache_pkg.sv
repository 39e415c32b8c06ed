// Replacement in a set of 1, 2 or 4 ways, the same in both caches: a tree of bits, each of which points to the half that
// was used longer ago. Bit 0 stands between the pairs of ways (between the ways, if there are two), bits 1 and 2
// within the pairs. For two ways that is least recently used. Ways are one-hot.
package covert_cache_pkg;

  // The way to replace.
  function automatic logic [3:0] oldest(input int unsigned ways, input logic [2:0] tree);
    if (ways == 4) oldest = {tree[0] & tree[2], tree[0] & ~tree[2], ~tree[0] & tree[1], ~tree[0] & ~tree[1]};
    else if (ways == 2) oldest = {2'b00, tree[0], ~tree[0]};
    else oldest = 4'b0001;
  endfunction

  // The tree after a use of this way.
  function automatic logic [2:0] touched(input int unsigned ways, input logic [2:0] tree, input logic [3:0] way);
    touched = tree;
    if (ways == 4) begin
      touched[0] = ~|way[3:2];
      if (|way[3:2]) touched[2] = way[2];
      else touched[1] = ~way[1];
    end else begin
      touched[0] = way[0];
    end
  endfunction

endpackage
