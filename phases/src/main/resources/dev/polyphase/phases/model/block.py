# Task: a pass through a block of the model
# One transformer block (Llama, Mistral, Qwen2, Qwen3) and its vector-Jacobian product.
# Shapes: x, y [batch, seq, hidden]; cos, sin [seq, head_dim], float32; w: the block's weights, see below.
# documents: int64 [n] on the CPU, the lengths of the documents that lie side by side in every row; no token sees another document.
# Frozen weights have x's dtype; trained ones are float32 masters that are converted on the way, or copies of masters in x's dtype.
# Constants are the indices of the weights in w, -1 where the architecture has none, and the block's sizes.
# Behind its weights w holds the adapters of the modules that have one, float32 masters too; behind these, where adapters drop inputs, the seed of
# that: int64 [] on the CPU, below 0 where nothing is to be dropped.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def linear(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int) -> Tensor:
    if bias >= 0:
      y = torch.linear(x, torch.type_as(w[weight], x), torch.type_as(w[bias], x))
    else:
      y = torch.linear(x, torch.type_as(w[weight], x))
    return y

  # x with values dropped at random and the others scaled up (Srivastava et al. 2014); which ones follows from the seed and the module's number.
  def dropped(self: __torch__.K, x: Tensor, w: List[Tensor], number: int) -> Tensor:
    seed = -1
    if {{dropout_seed}} >= 0:
      seed = int(w[{{dropout_seed}}])
    if torch.ge(seed, 0):
      # Of all devices at once: TorchScript has no generator of a GPU's own.
      torch.manual_seed(torch.add(seed, number))
      mask = torch.bernoulli_(torch.empty_like(x), {{kept_share}})
      y = torch.mul(x, torch.div_(mask, {{kept_share}}))
    else:
      y = x
    return y

  # x W' + bias, and where there are a [rank, in] and b [out, rank] + scale * dropped(x) a' b' (Hu et al. 2021).
  def project(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int, a: int, b: int, number: int) -> Tensor:
    if a >= 0:
      rows = torch.flatten(x, 0, 1)
      inner = torch.linear((self).dropped(rows, w, number), torch.type_as(w[a], x))
      y = torch.addmm_((self).linear(rows, w, weight, bias), inner, torch.t(torch.type_as(w[b], x)), alpha={{adapter_scale}})
      y1 = torch.reshape(y, [torch.size(x, 0), torch.size(x, 1), torch.size(y, 1)])
    else:
      y1 = (self).linear(x, w, weight, bias)
    return y1

  # Root-mean-square norm over the last dimension, computed in float32 (Zhang and Sennrich 2019, eq. 4).
  def norm(self: __torch__.K, x: Tensor, weight: Tensor) -> Tensor:
    xf = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(xf, xf), [-1], True), {{rms_norm_eps}}))
    return torch.mul(torch.type_as(torch.mul(xf, scale), x), torch.type_as(weight, x))

  # Rotary position embedding in the half-split layout (Su et al. 2021): x [batch, heads, seq, head_dim].
  def rotate(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second, = torch.chunk(x, 2, -1)
    turned = torch.cat([torch.neg(second), first], -1)
    return torch.add(torch.mul(x, cos), torch.mul(turned, sin))

  # x [batch, seq, heads * head_dim] -> [batch, heads, seq, head_dim]
  def split_heads(self: __torch__.K, x: Tensor, heads: int) -> Tensor:
    return torch.transpose(torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), heads, {{head_dim}}]), 1, 2)

  # Whether a row of this many tokens is longer than the window, if there is one.
  def windowed(self: __torch__.K, seq: int) -> bool:
    return torch.__and__(torch.gt({{window}}, 0), torch.gt(seq, {{window}}))

  # Rows are padded on the right, so that no token sees padding and the causal flag suffices without a window.
  def attend(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    seq = torch.size(q, 2)
    group = {{heads_per_group}}
    # libtorch's fused attention knows grouped queries on CUDA in 16 bits only; elsewhere it would build the whole matrix of scores.
    alike = torch.__or__(torch.eq(group, 1), torch.__and__({{on_gpu}}, torch.ne(ops.prim.dtype(q), 6)))
    if (self).windowed(seq):
      ones = torch.ones([seq, seq], dtype=11, device=torch.device("{{device}}"))
      mask = torch.tril(torch.triu(ones, torch.sub(1, {{window}})))
      y = torch.scaled_dot_product_attention(q, torch.repeat_interleave(k, group, 1), torch.repeat_interleave(v, group, 1), mask)
    else:
      if alike:
        y = torch.scaled_dot_product_attention(q, k, v, None, 0., True, scale=None, enable_gqa=True)
      else:
        y = torch.scaled_dot_product_attention(q, torch.repeat_interleave(k, group, 1), torch.repeat_interleave(v, group, 1), None, 0., True)
    return y

  # The same in one call of flash attention (Dao 2023), which knows documents, windows and grouped queries: no mask, no call for each document.
  def attend_flash(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: Tensor) -> Tensor:
    if torch.gt({{window}}, 0):
      left = annotate(Optional[int], torch.sub({{window}}, 1))
    else:
      left = annotate(Optional[int], None)
    # [batch, seq, heads, head_dim]
    qt = torch.transpose(q, 1, 2)
    kt = torch.transpose(k, 1, 2)
    vt = torch.transpose(v, 1, 2)
    if torch.gt(torch.size(documents, 0), 1):
      longest = int(torch.max(documents))
      ends = torch.cat([torch.zeros([1], dtype=4), torch.cumsum(documents, 0)])
      bounds = torch.to(torch.pin_memory(torch.to(ends, 3)), torch.device("{{device}}"), None, True, False)
      y, _0, _1, _2, _3, = torch._flash_attention_forward(torch.flatten(qt, 0, 1), torch.flatten(kt, 0, 1), torch.flatten(vt, 0, 1), bounds, bounds, longest, longest, 0., True, False, scale=None, window_size_left=left, window_size_right=0)
      y1 = torch.unsqueeze(y, 0)
    else:
      seq = torch.size(q, 2)
      y1, _4, _5, _6, _7, = torch._flash_attention_forward(qt, kt, vt, None, None, seq, seq, 0., True, False, scale=None, window_size_left=left, window_size_right=0)
    return torch.transpose(y1, 1, 2)

  # Document by document: the cost is the sum of theirs, and no mask of the whole row is needed.
  def attend_within(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: Tensor) -> Tensor:
    n = torch.size(documents, 0)
    special = torch.__or__(torch.gt(n, 1), (self).windowed(torch.size(q, 2)))
    if torch.__and__(torch.__and__({{flash}}, special), torch.ne(ops.prim.dtype(q), 6)):
      y = (self).attend_flash(q, k, v, documents)
    else:
      if torch.gt(n, 1):
        lengths = annotate(List[int], [])
        for i in range(n):
          _0 = torch.append(lengths, int(torch.select(documents, 0, i)))
        qs = torch.split_with_sizes(q, lengths, 2)
        ks = torch.split_with_sizes(k, lengths, 2)
        vs = torch.split_with_sizes(v, lengths, 2)
        parts = annotate(List[Tensor], [])
        for i in range(n):
          # The fused kernels' own layout: heads next to each other.
          _1 = torch.append(parts, torch.transpose((self).attend(qs[i], ks[i], vs[i]), 1, 2))
        y = torch.transpose(torch.cat(parts, 1), 1, 2)
      else:
        y = (self).attend(q, k, v)
    return y

  def attention(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor]) -> Tensor:
    q = (self).split_heads((self).project(x, w, {{q_proj}}), {{heads}})
    k = (self).split_heads((self).project(x, w, {{k_proj}}), {{kv_heads}})
    v = (self).split_heads((self).project(x, w, {{v_proj}}), {{kv_heads}})
    if {{q_norm.weight}} >= 0:
      q1 = (self).norm(q, w[{{q_norm.weight}}])
      k1 = (self).norm(k, w[{{k_norm.weight}}])
    else:
      q1 = q
      k1 = k
    c = torch.type_as(cos, x)
    s = torch.type_as(sin, x)
    y = (self).attend_within((self).rotate(q1, c, s), (self).rotate(k1, c, s), v, documents)
    merged = torch.reshape(torch.transpose(y, 1, 2), [torch.size(x, 0), torch.size(x, 1), torch.mul({{heads}}, {{head_dim}})])
    return (self).project(merged, w, {{o_proj}})

  # SwiGLU (Shazeer 2020, eq. 6).
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tensor:
    gate = torch.silu((self).project(x, w, {{gate_proj}}))
    up = (self).project(x, w, {{up_proj}})
    return (self).project(torch.mul(gate, up), w, {{down_proj}})

  # x may come from another device; its gradient goes back there.
  def forward(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor]) -> Tensor:
    x0 = torch.to(x, torch.device("{{device}}"))
    x1 = torch.add(x0, (self).attention((self).norm(x0, w[{{input_layernorm.weight}}]), cos, sin, documents, w))
    return torch.add(x1, (self).mlp((self).norm(x1, w[{{post_attention_layernorm.weight}}]), w))

  # The block under autograd. trained: int64 [1 + len(w)], 1 where the gradient is wanted: of x, then of each weight. Returns y, then the
  # leaves whose gradients are wanted, in that order. While y lives, so does its graph.
  def traced(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor], trained: Tensor) -> List[Tensor]:
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
    found = [(self).forward(x1, cos, sin, documents, w1)]
    for i in range(torch.len(leaves)):
      _3 = torch.append(found, leaves[i])
    return found

  # y, leaves: from traced; gy: the gradient of y; input: int64 [], 1 where the first leaf is x. The gradients of the leaves; a weight's is float32.
  # Frees the graph.
  def backward(self: __torch__.K, y: Tensor, leaves: List[Tensor], gy: Tensor, input: Tensor) -> List[Tensor]:
    found = torch.grad([y], leaves, annotate(List[Optional[Tensor]], [gy]), None, False, False)
    first = int(input)
    gradients = annotate(List[Tensor], [])
    for i in range(torch.len(found)):
      gradient = unchecked_cast(Tensor, found[i])
      if torch.lt(i, first):
        _0 = torch.append(gradients, gradient)
      else:
        _1 = torch.append(gradients, torch.to(gradient, 6))
    return gradients

  # The same with nothing kept: the block is computed again.
  def vjp(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor], trained: Tensor, gy: Tensor) -> List[Tensor]:
    found = (self).traced(x, cos, sin, documents, w, trained)
    leaves = annotate(List[Tensor], [])
    for i in range(torch.sub(torch.len(found), 1)):
      _0 = torch.append(leaves, found[torch.add(i, 1)])
    return (self).backward(found[0], leaves, gy, torch.select(trained, 0, 0))
