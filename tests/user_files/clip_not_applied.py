"""Wrong: the gradients are handed back as they came; as in tensorflow#33929."""


def clip_by_norm(grads, max_norm):
    return [grad.clone() for grad in grads]
