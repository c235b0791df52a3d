// A web app as the READMEs of express-session ("User login") and connect-redis show it. It knows of edgemint that
// there is something at /edgemint/enter, and nothing of it is needed to log in.

import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

const redisClient = createClient({ url: process.env.REDIS_URL });
redisClient.on('error', () => {}); // it comes back by itself
await redisClient.connect();

const redisStore = new RedisStore({ client: redisClient, prefix: 'myapp:' });

const app = express();
app.use(session({
  store: redisStore,
  resave: false, // required: force lightweight session keep alive (touch)
  saveUninitialized: false, // recommended: only save session when data exists
  secret: process.env.SESSION_SECRET,
}));

// middleware to test if authenticated
function isAuthenticated(req, res, next) {
  if (req.session.user) next();
  else next('route');
}

app.get('/', isAuthenticated, (req, res) => {
  res.send('hello! <a href="/edgemint/enter?return_to=%2Fepisodes">Listen</a> <a href="/logout">Logout</a>');
});

app.get('/', (req, res) => {
  res.send('<form action="/login" method="post"><input name="user"><input name="pass" type="password"></form>');
});

// A visitor whose session holds something, and who has not logged in.
app.get('/basket', (req, res) => {
  req.session.basket = ['a mug'];
  res.send('in your basket');
});

app.post('/login', express.urlencoded({ extended: false }), (req, res, next) => {
  // regenerate the session, which is good practice to help guard against forms of session fixation
  req.session.regenerate((err) => {
    if (err) return next(err);
    // store user information in session, typically a user id
    req.session.user = req.body.user;
    // save the session before redirection to ensure page load does not happen before session is saved
    req.session.save((failed) => {
      if (failed) return next(failed);
      res.redirect('/edgemint/enter?return_to=%2Fepisodes');
    });
  });
});

app.get('/logout', (req, res, next) => {
  // clear the user from the session object and save: re-using the old session id does not have a logged in user
  req.session.user = null;
  req.session.save((err) => {
    if (err) return next(err);
    req.session.regenerate((failed) => {
      if (failed) return next(failed);
      res.redirect('/');
    });
  });
});

const server = app.listen(0, '127.0.0.1', () => console.log(`app listening on http://127.0.0.1:${server.address().port}`));
