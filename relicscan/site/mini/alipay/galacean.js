// In place of the engine until it is built: npm install and npm run build in the folder engine.
module.exports = {};
