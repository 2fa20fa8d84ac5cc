# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site: the pages of the repository by MyST, the reference by antsibull-docs. No page asks another host for anything."""

project = "keepwarm.ollama"
project_copyright = "the keepwarm.ollama contributors"
html_title = "keepwarm.ollama"
html_theme = "sphinx_ansible_theme"
html_theme_options = {"display_version": False}
html_show_sphinx = False
extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
# As deep as the pages link to; the anchors are those that GitHub makes.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]
highlight_language = "text"
pygments_style = "ansible"
nitpicky = False


def setup(app):  # type: ignore[no-untyped-def]
    """The theme links the first page from the logo of each page, and takes the address as it is, wherever the page lies."""

    def first_page(app, name, template, context, doctree):  # type: ignore[no-untyped-def]
        context["theme_documentation_home_url"] = context["pathto"]("index")

    app.connect("html-page-context", first_page)
