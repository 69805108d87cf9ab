# SPDX-License-Identifier: EUPL-1.2
"""What the pupil sees: pygame, one window."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame  # noqa: E402

GROUND, INK, BLOCK, WHITE = (250, 247, 240), (30, 40, 50), (20, 110, 70), (255, 255, 255)
OTHER = (40, 70, 130)
SIGNS = {  # of a square of 100
    "present": ((15, 52), (40, 77), (86, 25)),
    "unknown_card": ((32, 30), (50, 18), (68, 30), (62, 45), (50, 54), (50, 66)),
    "fault": ((25, 25), (50, 50), (75, 25), (50, 50), (75, 75), (50, 50), (25, 75)),
}
WORDS = {"present": "Goedemorgen", "late": "Goedemorgen", "already": "Je bent al binnen",
         "unknown_card": "Kaart niet bekend", "not_stored": "Ga naar het secretariaat",
         "fault": "Gebruik de andere poort"}


class Picture:
    def __init__(self, size):
        pygame.display.init()
        pygame.font.init()
        self.screen = pygame.display.set_mode(size)
        pygame.mouse.set_visible(False)
        pygame.event.set_allowed(None)
        pygame.event.set_allowed(pygame.QUIT)
        path = pygame.font.match_font("inter,dejavusans")
        self.large = pygame.font.Font(path, size[1] // 8)
        self.small = pygame.font.Font(path, size[1] // 14)
        self.words = {}  # texts that come again and again

    def text(self, font, string, keep=True):
        if (font, string) in self.words:
            return self.words[font, string]
        image = font.render(string, True, INK)
        if keep:
            self.words[font, string] = image
        return image

    def block(self, colour, sign):
        width, height = self.screen.get_size()
        side = int(height * 0.5)
        left, top = (int(width * 0.42) - side) // 2, (height - side) // 2
        self.screen.fill(GROUND)
        self.screen.fill(colour, (0, 0, int(width * 0.42), height))
        if sign:
            points = [(left + x * side // 100, top + y * side // 100) for x, y in SIGNS[sign]]
            pygame.draw.lines(self.screen, WHITE, False, points, side // 12)

    def lines(self, *images):
        width, height = self.screen.get_size()
        total = sum(image.get_height() for image in images)
        y = (height - total) // 2
        for image in images:
            self.screen.blit(image, (int(width * 0.47), y))
            y += image.get_height()
        pygame.display.flip()

    def idle(self):
        self.block(BLOCK, None)
        self.lines(self.text(self.large, "Welkom"), self.text(self.small, "Hou je kaart voor de lezer"))

    def result(self, result, name, at):
        known = result in ("present", "late", "already")
        self.block(BLOCK if known else OTHER,
                   "present" if known else "unknown_card" if result == "unknown_card" else "fault")
        self.lines(self.text(self.small, WORDS[result]), self.text(self.large, name, keep=False),
                   self.text(self.small, at, keep=False))

    @staticmethod
    def closed():
        """Whether somebody closed the window; takes all events."""
        return any(event.type == pygame.QUIT for event in pygame.event.get())

    @staticmethod
    def close():
        pygame.quit()
