  # ---- Attention (Vaswani et al. 2017), causal, with or without a window, within documents.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

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

  # x [batch, seq, heads * head_dim] -> [batch, heads, seq, head_dim]
  def split_heads(self: __torch__.K, x: Tensor, heads: int) -> Tensor:
    return torch.transpose(torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), heads, {{head_dim}}]), 1, 2)

  # x, the result [batch, seq, hidden]
  def attention(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor]) -> Tensor:
    q, k, v, = (self).heads(x, w)
    c = torch.type_as(cos, x)
    s = torch.type_as(sin, x)
    y = (self).attend_within((self).rotate(q, c, s), (self).rotate(k, c, s), v, documents)
    merged = torch.reshape(torch.transpose(y, 1, 2), [torch.size(x, 0), torch.size(x, 1), torch.mul({{heads}}, {{head_dim}})])
    return (self).project(merged, w, {{o_proj}})
