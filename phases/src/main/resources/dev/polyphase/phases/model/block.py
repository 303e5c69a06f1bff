# Task: a pass through a block of the model
# One transformer block and its vector-Jacobian product. What every block has stands first; what this one computes, from block on, in its parts behind.
# Shapes: x, y [batch, seq, hidden]; w: the block's weights, see below.
# positions: what turns queries and keys, float32: cos and sin, [seq, rotary_dim], or [batch, 1, seq, rotary_dim] where each row has its own, and of some
# models scale [seq, 1], by which turned queries are multiplied. Of a block without positions a number that nobody reads: a list must not be empty.
# documents: int64 [3 n] on the CPU, three numbers of each of the n documents that lie side by side in every row: its tokens; which document begins
# with its prefix, -1 for none; the prefix's tokens, 0 for none. Of other documents no token sees anything but its own one's prefix.
# Frozen weights have x's dtype; trained ones are float32 masters that are converted on the way, or copies of masters in x's dtype.
# Constants are the indices of the weights in w, -1 where the block has none, and the block's sizes.
# Behind its weights w holds the adapters of the modules that have one, float32 masters too; behind these, where adapters drop inputs, the seed of
# that: int64 [] on the CPU, below 0 where nothing is to be dropped.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def forward(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor]) -> Tensor:
    return (self).block(x, positions, documents, w, annotate(List[Tensor], []))

  # The same, and behind it what experts say of their routing where they are asked to: probabilities [batch * seq, experts], choices [batch * seq, chosen].
  def told(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor]) -> List[Tensor]:
    said = annotate(List[Tensor], [])
    found = [(self).block(x, positions, documents, w, said)]
    for i in range(torch.len(said)):
      _0 = torch.append(found, said[i])
    return found

  # The block under autograd. trained: int64 [1 + len(w)], 1 where the gradient is wanted: of x, then of each weight. Returns y and what
  # experts say, then the leaves whose gradients are wanted, in that order. While y lives, so does its graph.
  def traced(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor], trained: Tensor) -> List[Tensor]:
    leaves = annotate(List[Tensor], [])
    x1 = torch.detach(x)
    if torch.eq(int(torch.select(trained, 0, 0)), 1):
      _0 = torch.append(leaves, torch.requires_grad_(x1, True))
    w1 = annotate(List[Tensor], [])
    for i in range(torch.len(w)):
      wi = torch.detach(w[i])
      if torch.eq(int(torch.select(trained, 0, torch.add(i, 1))), 1):
        _1 = torch.append(leaves, torch.requires_grad_(wi, True))
      _2 = torch.append(w1, wi)
    found = (self).told(x1, positions, documents, w1)
    for i in range(torch.len(leaves)):
      _3 = torch.append(found, leaves[i])
    return found

  # outputs: y of traced, or y and the probabilities; of_outputs: their gradients; leaves: from traced; input: int64 [], 1 where the first leaf is x.
  # The gradients of the leaves; a weight's is float32. Frees the graph.
  def backward(self: __torch__.K, outputs: List[Tensor], of_outputs: List[Tensor], leaves: List[Tensor], input: Tensor) -> List[Tensor]:
    # Where all that is trained is experts, none of which has a token, there is no graph; and the router may have none.
    ends = annotate(List[Tensor], [])
    of_ends = annotate(List[Optional[Tensor]], [])
    for i in range(torch.len(outputs)):
      if ops.prim.requires_grad(outputs[i]):
        _3 = torch.append(ends, outputs[i])
        _4 = torch.append(of_ends, of_outputs[i])
    found = annotate(List[Optional[Tensor]], [])
    if torch.gt(torch.len(ends), 0):
      found = torch.grad(ends, leaves, of_ends, None, False, True)
    else:
      for i in range(torch.len(leaves)):
        _0 = torch.append(found, None)
    first = int(input)
    gradients = annotate(List[Tensor], [])
    for i in range(torch.len(found)):
      if torch.__is__(found[i], None):
        # Of an expert without a token.
        gradient = torch.zeros_like(leaves[i])
      else:
        gradient = unchecked_cast(Tensor, found[i])
      if torch.lt(i, first):
        _1 = torch.append(gradients, gradient)
      else:
        _2 = torch.append(gradients, torch.to(gradient, 6))
    return gradients

  # The same with nothing kept: the block is computed again.
  def vjp(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor], trained: Tensor, of_outputs: List[Tensor]) -> List[Tensor]:
    found = (self).traced(x, positions, documents, w, trained)
    outputs = annotate(List[Tensor], [])
    for i in range(torch.len(of_outputs)):
      _0 = torch.append(outputs, found[i])
    leaves = annotate(List[Tensor], [])
    for i in range(torch.sub(torch.len(found), torch.add(1, {{said}}))):
      _1 = torch.append(leaves, found[torch.add(i, torch.add(1, {{said}}))])
    return (self).backward(outputs, of_outputs, leaves, torch.select(trained, 0, 0))
