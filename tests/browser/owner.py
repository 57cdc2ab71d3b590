"""What an owner does in a browser: takes the key, opens offices, makes invitations."""

from __future__ import annotations

from tests.browser.coworker import Coworker


async def take_key(owner: Coworker) -> None:
    """Use the one-time link that the server printed at its start."""
    await owner.page.goto(owner.moulin.owner_link)
    await owner.page.fill("#nom", owner.name)
    await owner.page.click("button:has-text('Prendre la clé')")
    await owner.comes_to("*/gerer*")


async def open_office(owner: Coworker, name: str, *, by_invitation: bool) -> None:
    """Fill in the form of a new office."""
    await owner.page.click("summary:has-text('Ouvrir un bureau')")
    await owner.page.fill("#new-name-fr", name)
    await owner.page.fill("#new-name-en", name)
    if by_invitation:
        await owner.page.check("input[name=visibility][value=invitation]")
    await owner.page.click("button:has-text('Ouvrir ce bureau')")
    await owner.page.wait_for_selector(f".rows .row-title:has-text('{name}')")


async def invite(owner: Coworker, office: str, *, uses: int | None = None) -> str:
    """The address of a new invitation to that office."""
    await owner.page.select_option("#invitation-office", label=office)
    if uses is not None:
        await owner.page.fill("#invitation-uses", str(uses))
    await owner.page.click("button:has-text('Créer le lien')")
    return await owner.page.input_value("#new-link")
