  # ---- Scores: scaled products of queries and keys, by libtorch's fused attention.

  # Rows are padded on the right, so that no token sees padding and the causal flag suffices without a window. Behind a prefix there are more keys than
  # queries, and the flag would count both from the first.
  def attend(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, w: List[Tensor]) -> Tensor:
    queries = torch.size(q, 2)
    keys = torch.size(k, 2)
    group = {{heads_per_group}}
    # libtorch's fused attention knows grouped queries on CUDA in 16 bits only; elsewhere it would build the whole matrix of scores.
    alike = torch.__or__(torch.eq(group, 1), torch.__and__({{on_gpu}}, torch.ne(ops.prim.dtype(q), 6)))
    if torch.__or__((self).windowed(keys), torch.gt(keys, queries)):
      mask = (self).seen(queries, keys)
      y = torch.scaled_dot_product_attention(q, torch.repeat_interleave(k, group, 1), torch.repeat_interleave(v, group, 1), mask, 0., False, scale={{scale}})
    else:
      if alike:
        y = torch.scaled_dot_product_attention(q, k, v, None, 0., True, scale={{scale}}, enable_gqa=True)
      else:
        y = torch.scaled_dot_product_attention(q, torch.repeat_interleave(k, group, 1), torch.repeat_interleave(v, group, 1), None, 0., True, scale={{scale}})
    return y
