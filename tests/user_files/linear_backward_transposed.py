"""Wrong: the backward pass multiplies by the transposed weight, which fits where it is square."""


def linear_backward(grad, x, weight, bias, y):
    return grad @ weight.T, grad.T @ x, grad.sum(0)
