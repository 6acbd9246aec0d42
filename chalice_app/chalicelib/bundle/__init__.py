"""`lifecycle support-bundle`: what a bug report needs, in one zip, with what is nobody's business taken out."""
