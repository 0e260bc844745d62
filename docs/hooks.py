"""What the site has beside the pages here: the pictures of the screens, and the pages of all
refusals and of all words.

A hook of MkDocs, named in mkdocs.yml. Pages name the pictures where they lie for whoever reads them
in the repository (`../screenshots/`); in the site they lie below the pages.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

HERE = Path(__file__).resolve().parent
_PICTURES = "screenshots"
sys.path.insert(0, str(HERE))
# They lie beside this file, which is no package.
import refusals  # noqa: E402
import words  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what does not lie in the folder of the pages."""
    for picture in sorted((HERE.parent / _PICTURES).glob("*.png")):
        files.append(
            File(
                f"{_PICTURES}/{picture.name}",
                src_dir=str(HERE.parent),
                dest_dir=config.site_dir,
                use_directory_urls=False,
            )
        )
    for made in (refusals, words):
        content = made.page(HERE.parent)
        files.append(File.generated(config, f"{made.__name__}.md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have pictures looked for where the site has them."""
    return markdown.replace(f"](../{_PICTURES}/", f"]({_PICTURES}/")
