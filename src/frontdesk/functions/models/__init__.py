"""Models and pictures: the only room that imports Pillow, onnxruntime and scikit-learn."""
