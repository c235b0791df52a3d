-- GET /enter with one and the same ticket, for a server that does not read it.
dofile(os.getenv("HERE") .. "/answers.lua")
wrk.path = "/enter?return_to=%2Fepisodes%2F7&ticket=" .. io.lines(os.getenv("TICKETS"))()
