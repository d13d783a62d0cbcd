"""The documents that say these things, and the papers that said them first.

A claim cites a place, `SOLUTIONS.section("2.2")`, never a line of code. The five documents are
paraphrased, not quoted; where one of them is wrong, the refuted claim says so.
"""

from dataclasses import dataclass

from theory.contents import SECTIONS


@dataclass(frozen=True)
class Citation:
    """A place in a document: what a reader has to open, and where."""

    document: "Document"
    place: str

    def __str__(self) -> str:
        return f"{self.document.short} {self.place}"


@dataclass(frozen=True)
class Document:
    """A document or paper: `short` is how it is cited, `title` and `where` are how it is found."""

    short: str
    title: str
    where: str = ""

    def section(self, number: str) -> Citation:
        """Cite a section by its own number. Raises ValueError for one that is not there."""
        known = SECTIONS.get(self.short, {number: ""})
        if number not in known:
            raise ValueError(
                f"{self.short} has no section {number!r}; write one of {', '.join(known)}, which "
                "theory/contents.toml describes"
            )
        return Citation(self, f"§{number}")

    def equation(self, number: int | str) -> Citation:
        """Cite a numbered equation."""
        return Citation(self, f"eq. {number}")

    def chapter(self, number: int | str) -> Citation:
        """Cite a chapter."""
        return Citation(self, f"chapter {number}")


# The five documents. Their keys are the ones that the table of contents of the suite uses.
CV = Document("CV", "【CV】梯度消失和梯度爆炸")
SOLUTIONS = Document("SOL", "梯度消失、爆炸的解决方案")
TECHNIQUES = Document("EXP", "解决梯度爆炸问题的常见技巧", "禅与计算机程序设计艺术")
RECTIFIER = Document(
    "RELU",
    "修正的线性激活函数(Relu)如何避免梯度消失",
    "blog.csdn.net/LaoChengZier/article/details/86488762",
)
ML38 = Document("ML38", "【机器学习】038_梯度消失、梯度爆炸")
DOCUMENTS = (CV, SOLUTIONS, TECHNIQUES, RECTIFIER, ML38)

# Primary sources.
ARORA_2019 = Document(
    "Arora et al. 2019", "Theoretical analysis of auto rate-tuning by batch normalization", "ICLR"
)
BA_2016 = Document("Ba et al. 2016", "Layer normalization", "arXiv:1607.06450")
BENGIO_2007 = Document(
    "Bengio et al. 2007", "Greedy layer-wise training of deep networks", "NeurIPS 19"
)
CLEVERT_2016 = Document(
    "Clevert et al. 2016",
    "Fast and accurate deep network learning by exponential linear units",
    "ICLR",
)
CHO_2014 = Document(
    "Cho et al. 2014", "Learning phrase representations using RNN encoder-decoder", "EMNLP"
)
GLOROT_2010 = Document(
    "Glorot & Bengio 2010",
    "Understanding the difficulty of training deep feedforward neural networks",
    "AISTATS",
)
ELFWING_2018 = Document(
    "Elfwing et al. 2018",
    "Sigmoid-weighted linear units for neural network function approximation in reinforcement "
    "learning",
    "Neural Networks 107",
)
GERS_2000 = Document(
    "Gers et al. 2000",
    "Learning to forget: continual prediction with LSTM",
    "Neural Computation 12",
)
GOODFELLOW_2016 = Document("Goodfellow et al. 2016", "Deep learning", "MIT Press")
HANIN_2020 = Document(
    "Hanin & Nica 2020",
    "Products of many large random matrices and gradients in deep neural networks",
    "Communications in Mathematical Physics 376",
)
HE_2015 = Document(
    "He et al. 2015", "Delving deep into rectifiers: surpassing human-level performance", "ICCV"
)
HE_2016 = Document("He et al. 2016", "Identity mappings in deep residual networks", "ECCV")
HENDRYCKS_2016 = Document(
    "Hendrycks & Gimpel 2016", "Gaussian error linear units (GELUs)", "arXiv 1606.08415"
)
HOCHREITER_1997 = Document(
    "Hochreiter & Schmidhuber 1997", "Long short-term memory", "Neural Computation 9"
)
HOERL_1970 = Document(
    "Hoerl & Kennard 1970",
    "Ridge regression: biased estimation for nonorthogonal problems",
    "Technometrics 12",
)
HOWARD_2019 = Document("Howard et al. 2019", "Searching for MobileNetV3", "ICCV")
IOFFE_2015 = Document(
    "Ioffe & Szegedy 2015", "Batch normalization: accelerating deep network training", "ICML"
)
JOHNSON_1994 = Document(
    "Johnson et al. 1994", "Continuous univariate distributions, volume 1", "Wiley, 2nd edition"
)
LECUN_1998 = Document("LeCun et al. 1998", "Efficient backprop", "Neural networks: tricks")
KINGMA_2015 = Document(
    "Kingma & Ba 2015", "Adam: a method for stochastic optimization", "ICLR, arXiv:1412.6980"
)
KROGH_1992 = Document(
    "Krogh & Hertz 1992", "A simple weight decay can improve generalization", "NeurIPS"
)
LOSHCHILOV_2019 = Document(
    "Loshchilov & Hutter 2019", "Decoupled weight decay regularization", "ICLR, arXiv:1711.05101"
)
KLAMBAUER_2017 = Document("Klambauer et al. 2017", "Self-normalizing neural networks", "NeurIPS")
MAAS_2013 = Document(
    "Maas et al. 2013", "Rectifier nonlinearities improve neural network acoustic models", "ICML"
)
MEZZADRI_2007 = Document(
    "Mezzadri 2007",
    "How to generate random matrices from the classical compact groups",
    "Notices of the AMS 54",
)
METZ_2021 = Document("Metz et al. 2021", "Gradients are not all you need", "arXiv:2111.05803")
MICIKEVICIUS_2018 = Document("Micikevicius et al. 2018", "Mixed precision training", "ICLR")
MISRA_2020 = Document(
    "Misra 2020", "Mish: a self regularized non-monotonic activation function", "BMVC"
)
NIELSEN_2015 = Document("Nielsen 2015", "Neural networks and deep learning", "book")
PASCANU_2013 = Document(
    "Pascanu et al. 2013", "On the difficulty of training recurrent neural networks", "ICML"
)
POLYAK_1987 = Document("Polyak 1987", "Introduction to optimization", "Optimization Software")
RUMELHART_1986 = Document(
    "Rumelhart et al. 1986", "Learning representations by back-propagating errors", "Nature 323"
)
TIBSHIRANI_1996 = Document(
    "Tibshirani 1996",
    "Regression shrinkage and selection via the lasso",
    "Journal of the Royal Statistical Society B 58",
)
SAXE_2014 = Document(
    "Saxe et al. 2014",
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    "ICLR",
)
VEIT_2016 = Document(
    "Veit et al. 2016", "Residual networks behave like ensembles of shallow networks", "NeurIPS"
)
YANG_2019 = Document("Yang et al. 2019", "A mean field theory of batch normalization", "ICLR")
ZHANG_2019 = Document("Zhang & Sennrich 2019", "Root mean square layer normalization", "NeurIPS")
IEEE_754 = Document("IEEE 754-2019", "Standard for floating-point arithmetic", "IEEE")
