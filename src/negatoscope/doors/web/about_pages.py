"""What the product is and is not, its keys, and how accessible it is. Open to anybody."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from negatoscope.doors.web.dependencies import visitor
from negatoscope.doors.web.templates import page

router = APIRouter(include_in_schema=False, dependencies=[Depends(visitor)])


@router.get("/about")
def about(request: Request) -> HTMLResponse:
    """Show the intended use and the licences."""
    return page(request, "about/about.html")


@router.get("/accessibility")
def accessibility(request: Request) -> HTMLResponse:
    """Show the accessibility statement."""
    return page(request, "about/accessibility.html")


@router.get("/help")
def help_page(request: Request) -> HTMLResponse:
    """Show the keys and the first steps."""
    return page(request, "help/help.html")
