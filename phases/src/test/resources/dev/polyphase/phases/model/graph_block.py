# A block of Llama, Mistral, Qwen2, Qwen3 or Mixtral by its formulas, under autograd: what the derivatives that kernels have written out are compared with.
# What its second half is stands in the file behind.
# Constants are the indices of weights, -1 for none, and sizes. Rows are padded on the right.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def linear(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int) -> Tensor:
    if bias >= 0:
      y = torch.linear(x, w[weight], w[bias])
    else:
      y = torch.linear(x, w[weight])
    return y

  # [batch, seq, heads * head_dim] -> [batch, heads, seq, head_dim]
  def heads(self: __torch__.K, x: Tensor, w: List[Tensor], norm: int) -> Tensor:
    heads = torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), -1, {{head_dim}}])
    if norm >= 0:
      normed = torch.rms_norm(heads, [{{head_dim}}], w[norm], {{rms_norm_eps}})
    else:
      normed = heads
    return torch.transpose(normed, 1, 2)

  # cos, sin: of a pair's angle at [seq, pairs].
  def turned(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b, = torch.chunk(x, 2, -1)
    return torch.cat([torch.sub(torch.mul(a, cos), torch.mul(b, sin)), torch.add(torch.mul(b, cos), torch.mul(a, sin))], -1)

  def attention(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, w: List[Tensor]) -> Tensor:
    q = (self).turned((self).heads((self).linear(x, w, {{q_proj.weight}}, {{q_proj.bias}}), w, {{q_norm.weight}}), cos, sin)
    k = (self).turned((self).heads((self).linear(x, w, {{k_proj.weight}}, {{k_proj.bias}}), w, {{k_norm.weight}}), cos, sin)
    v = (self).heads((self).linear(x, w, {{v_proj.weight}}, {{v_proj.bias}}), w, -1)
    group = torch.floordiv(torch.size(q, 1), torch.size(k, 1))
    scores = torch.div(torch.matmul(q, torch.transpose(torch.repeat_interleave(k, group, 1), 2, 3)), torch.sqrt({{head_dim}}))
    ones = torch.ones([torch.size(x, 1), torch.size(x, 1)], dtype=11)
    if {{window}} > 0:
      seen = torch.tril(torch.triu(ones, torch.sub(1, {{window}})))
    else:
      seen = torch.tril(ones)
    shares = torch.softmax(torch.masked_fill(scores, torch.logical_not(seen), -inf), -1)
    y = torch.transpose(torch.matmul(shares, torch.repeat_interleave(v, group, 1)), 1, 2)
    return (self).linear(torch.flatten(y, 2, 3), w, {{o_proj.weight}}, -1)

  def block(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, w: List[Tensor]) -> Tensor:
    hidden = torch.size(x, 2)
    x1 = torch.add(x, (self).attention(torch.rms_norm(x, [hidden], w[{{input_layernorm.weight}}], {{rms_norm_eps}}), cos, sin, w))
    h = torch.rms_norm(x1, [hidden], w[{{post_attention_layernorm.weight}}], {{rms_norm_eps}})
    return torch.add(x1, (self).fed(h, w))

  # SwiGLU of three matrices.
  def mlp(self: __torch__.K, h: Tensor, w: List[Tensor], gate: int, up: int, down: int) -> Tensor:
    g = torch.linear(h, w[gate])
    return torch.linear(torch.mul(torch.mul(g, torch.sigmoid(g)), torch.linear(h, w[up])), w[down])
