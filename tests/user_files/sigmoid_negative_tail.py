"""Wrong: a sigmoid from a rational tanh that may pass −1, and no clamp; as in onnxruntime#22557."""


def sigmoid(x):
    half = x.float().clamp(-18, 18) / 2
    square = half * half
    tanh = half / (1 + square / (3 + square / (5 + square / (7 + square / (9 + square / 11)))))
    return (0.5 + 0.5 * tanh).to(x.dtype)
