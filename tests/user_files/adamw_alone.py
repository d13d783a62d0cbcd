"""Right, and with nothing beside it that is judged."""

import torch


def adamw_step(params, grads, state, lr, beta1, beta2, eps, weight_decay):
    first, second, count = state
    step, new = int(count) + 1, ([], [], [])
    for param, grad, m, v in zip(params, grads, first, second, strict=True):
        wide = torch.promote_types(param.dtype, torch.float32)
        m = beta1 * m.to(wide) + (1 - beta1) * grad.to(wide)
        v = beta2 * v.to(wide) + (1 - beta2) * grad.to(wide) ** 2
        update = m / (1 - beta1**step) / ((v / (1 - beta2**step)).sqrt() + eps)
        moved = (1 - lr * weight_decay) * param.to(wide) - lr * update
        for made, part in zip(new, (moved, m, v), strict=True):
            made.append(part.to(param.dtype))
    params, first, second = new
    return params, [first, second, count + 1]
